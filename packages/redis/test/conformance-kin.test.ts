import { redis } from '../src/index.ts';
import { describeRedis } from './conformance.ts';

await describeRedis({ title: 'Valkey', flavour: 'valkey', open: ([url]) => redis({ url: url! }) });
await describeRedis({ title: 'Redis 8', flavour: 'redis8', open: ([url]) => redis({ url: url! }) });
