import { redis } from '../src/index.ts';
import { describeRedis } from './conformance.ts';

await describeRedis({ title: 'Redis by its URL', open: ([url]) => redis({ url: url! }) });
