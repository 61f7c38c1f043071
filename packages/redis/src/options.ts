import { inspect } from 'node:util';
import { checkMs, InvalidArgumentError, refuseUnknown } from '@tenure/core/store';
import type { Clock } from '@tenure/core/store';
import { duplicatedIoredis, isIoredis } from './clients/ioredis.ts';
import type { IoredisClient } from './clients/ioredis.ts';
import { duplicatedNodeRedis, isNodeRedis } from './clients/node-redis.ts';
import type { NodeRedisClient } from './clients/node-redis.ts';
import type { Driver } from './driver.ts';
import { driverOfUrl } from './url.ts';

/** What {@link redis} takes: a `url` or a `client`, and what else differs from the defaults. */
export interface RedisOptions {
  /** `redis://user:password@host:6379/0`, `rediss://` for TLS. Several hosts with commas between, or `?cluster=true`, are a Cluster. */
  readonly url?: string;
  /**
   * A client of yours: `Redis` or `Cluster` of `ioredis` 5 or 6, or what `createClient` or `createCluster` of `redis` 5
   * or 6 gives. It is duplicated and never used itself: how to reach the server, and who we are there, is taken from it.
   */
  readonly client?: IoredisClient | NodeRedisClient;
  /** Before every key, without braces. @default '' */
  readonly keyPrefix?: string;
  /** How many replicas must have a claim before it counts, by `WAIT`. Not with a Cluster. @default 0 */
  readonly replicas?: number;
  /** How long to wait for them, in milliseconds. @default 500 */
  readonly replicasTimeoutMs?: number;
  /** How long a free lock without checkpoint is remembered, in milliseconds. @default 24 hours */
  readonly retainMs?: number;
  /** What a tenure takes for its namespace when it is given none. */
  readonly namespace?: string;
  /** For tests: when a connection is taken for silent, and an expiry looked at. Sessions expire by the server's clock. @default the machine's */
  readonly clock?: Clock;
}

export interface Settings {
  readonly keyPrefix: string;
  readonly replicas: number;
  readonly replicasTimeoutMs: number;
  readonly retainMs: number;
}

const OPTIONS = [
  'url',
  'client',
  'keyPrefix',
  'replicas',
  'replicasTimeoutMs',
  'retainMs',
  'namespace',
  'clock',
] as const;

const DAY_MS = 24 * 3600 * 1000;
/** A lock that is forgotten sooner could be granted anew by a clock that was set back a little, with a token that is too low. */
const LEAST_RETAIN_MS = 1000;

/** @throws InvalidArgumentError naming the option and what is wrong with its value. */
export function settingsOf(options: RedisOptions): Settings & { readonly driver: Driver } {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    // A URL, perhaps, and that may have a password.
    throw new InvalidArgumentError(`redis needs its options as an object, got ${typeof given}`);
  }
  refuseUnknown('redis', options, OPTIONS);
  const { keyPrefix = '', replicas = 0, replicasTimeoutMs = 500, retainMs = DAY_MS, namespace } = options;
  if (typeof keyPrefix !== 'string' || /[{}]/u.test(keyPrefix)) {
    throw new InvalidArgumentError(
      `redis option keyPrefix must be text without braces, which mark the slot, got ${JSON.stringify(keyPrefix)}`,
    );
  }
  if (namespace !== undefined && typeof namespace !== 'string') {
    throw new InvalidArgumentError(`redis option namespace must be text, got ${inspect(namespace)}`);
  }
  if (!Number.isInteger(replicas) || replicas < 0) {
    throw new InvalidArgumentError(`redis option replicas must be a whole number, got ${String(replicas)}`);
  }
  for (const [name, ms] of Object.entries({ replicasTimeoutMs, retainMs })) {
    checkMs(`redis option ${name}`, ms);
    if (!Number.isInteger(ms))
      throw new InvalidArgumentError(`redis option ${name} must be whole milliseconds, got ${ms}`);
  }
  if (retainMs < LEAST_RETAIN_MS) {
    throw new InvalidArgumentError(
      `redis option retainMs must be at least ${LEAST_RETAIN_MS}, got ${retainMs}`,
    );
  }
  if (replicas > 0 && replicasTimeoutMs === 0) {
    throw new InvalidArgumentError(
      'redis option replicasTimeoutMs must not be 0: to Redis that means for ever',
    );
  }
  const driver = driverOf(options);
  if (replicas > 0 && driver.isCluster) {
    throw new InvalidArgumentError('redis option replicas does not go with a Cluster: WAIT has no key');
  }
  return { keyPrefix, replicas, replicasTimeoutMs, retainMs, driver };
}

function driverOf({ url, client }: RedisOptions): Driver {
  if ((url === undefined) === (client === undefined)) {
    throw new InvalidArgumentError('redis needs either a url, such as redis://127.0.0.1:6379, or a client');
  }
  if (url !== undefined) return driverOfUrl(url);
  const given: unknown = client;
  if (typeof given === 'object' && given !== null) {
    if (isIoredis(given)) return duplicatedIoredis(given);
    if (isNodeRedis(given)) return duplicatedNodeRedis(given);
  }
  const shown = typeof given === 'object' ? 'another object' : inspect(given);
  throw new InvalidArgumentError(
    `redis option client must be a client of ioredis 5 or 6, or of redis 5 or 6, got ${given === null ? 'null' : shown}`,
  );
}
