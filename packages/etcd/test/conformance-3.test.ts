import { describeEtcd } from './conformance.ts';

await describeEtcd(3);
