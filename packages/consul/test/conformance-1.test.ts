import { describeConsul } from './conformance.ts';

await describeConsul(1);
