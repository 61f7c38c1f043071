import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { redis } from '../src/index.ts';
import { describeRedis } from './conformance.ts';

/** Clients as a user has them; ours are made after their likeness, and theirs never connect. */
await describeRedis({
  title: 'a client of ioredis 6',
  open: ([url]) => redis({ client: new Redis(url!, { lazyConnect: true, keyPrefix: 'mine:' }) }),
});
await describeRedis({
  title: 'a client of ioredis 5',
  open: ([url]) => redis({ client: new Redis5(url!, { lazyConnect: true }) }),
});
await describeRedis({
  title: 'a client of node-redis 6',
  open: ([url]) => redis({ client: createClient({ url: url! }) }),
});
await describeRedis({
  title: 'a client of node-redis 5',
  open: ([url]) => redis({ client: createClient5({ url: url! }) }),
});
