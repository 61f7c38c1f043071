import type { Store } from '@tenure/core/store';
import { redis } from './store.ts';
import { optionsOfUrl } from './url.ts';

export { redis } from './store.ts';
export type { RedisOptions } from './options.ts';
export type { IoredisClient } from './clients/ioredis.ts';
export type { NodeRedisClient } from './clients/node-redis.ts';

/**
 * The store of a `redis://` or `rediss://` URL; what `openStore` calls. Parameters: `cluster`, `namespace`, `keyPrefix`,
 * `replicas`, `replicasTimeoutMs`, `retainMs`.
 * @throws InvalidArgumentError that shows no secret
 */
export function openUrl(url: string): Store {
  return redis(optionsOfUrl(url));
}
