import { describeSeeds } from './suite.ts';

await describeSeeds('redis');
