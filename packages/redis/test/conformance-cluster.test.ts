import { createCluster } from 'redis';
import { redis } from '../src/index.ts';
import { describeRedis } from './conformance.ts';

const withoutScheme = (url: string): string => url.replace('redis://', '');

await describeRedis({
  title: 'a Cluster by its URL',
  cluster: true,
  open: (urls) => redis({ url: `redis://${urls.map(withoutScheme).join(',')}` }),
});
await describeRedis({
  title: 'a Cluster by a client of node-redis 6',
  cluster: true,
  open: (urls) => redis({ client: createCluster({ rootNodes: urls.map((url) => ({ url })) }) }),
});
