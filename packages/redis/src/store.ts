import { ClosedError, InvalidArgumentError, systemClock } from '@tenure/core/store';
import type { Checkup, Key, SessionRequest, Store, StoreSession, Traits } from '@tenure/core/store';
import { checkup } from './checkup.ts';
import * as claimScripts from './claim-scripts.ts';
import { Layout } from './keys.ts';
import { Line } from './line.ts';
import { Newsroom } from './newsroom.ts';
import { list, look, watch } from './observing.ts';
import { settingsOf } from './options.ts';
import type { RedisOptions } from './options.ts';
import { RedisSession } from './session.ts';
import * as sessionScripts from './session-scripts.ts';
import { MAX_VALUE_BYTES } from './site.ts';
import type { Site } from './site.ts';
import { Sweep } from './sweep.ts';

const TRAITS: Traits = {
  minTtlMs: 100,
  maxTtlMs: 365 * 24 * 3600 * 1000,
  maxValueBytes: MAX_VALUE_BYTES,
  wakes: 'push',
  fair: false,
  clock: 'wall',
  keepsWord:
    'Redis forgets what its replica had not heard before a failover, what it had not put on disk before a restart, and what ' +
    'FLUSHALL or an eviction policy removes; two may then hold one key, and tokens still rise with the clock of the server.',
};

/**
 * Locks and elections in Redis 6.2 or later, Valkey, or a Cluster of either. Connects when first used.
 * @throws InvalidArgumentError
 */
export function redis(options: RedisOptions): Store {
  return new RedisStore(options);
}

class RedisStore implements Store {
  readonly name = 'redis';
  readonly traits = TRAITS;
  declare readonly namespace?: string;
  readonly #site: Site;
  readonly #sweep: Sweep;
  readonly #closing = new AbortController();

  constructor(options: RedisOptions) {
    const { driver, ...settings } = settingsOf(options);
    const { namespace, clock = systemClock } = options;
    if (namespace !== undefined) this.namespace = namespace;
    const layout = new Layout(settings.keyPrefix);
    const newsroom = new Newsroom(driver, clock, layout);
    const lineOf = (): Line => new Line(driver, clock, settings, () => newsroom.reset());
    const line = lineOf();
    const claiming = settings.replicas > 0 ? lineOf() : line;
    const { isCluster } = driver;
    const counted = isCluster ? '0' : '1';
    const closing = this.#closing.signal;
    this.#site = { settings, clock, layout, line, claiming, newsroom, isCluster, counted, closing };
    this.#sweep = new Sweep(this.#site);
  }

  async open({ id, ttlMs, namespace }: SessionRequest, signal: AbortSignal): Promise<StoreSession> {
    this.#enter(signal);
    const { minTtlMs, maxTtlMs } = this.traits;
    if (!(ttlMs >= minTtlMs && ttlMs <= maxTtlMs)) {
      throw new InvalidArgumentError(`ttlMs must be between ${minTtlMs} and ${maxTtlMs}, got ${ttlMs}`);
    }
    const { claiming, layout, newsroom } = this.#site;
    const wholeMs = Math.ceil(ttlMs);
    const key = layout.session(namespace, id);
    newsroom.listen(key, namespace);
    const keys = [key];
    const there = await claiming.text(sessionScripts.open, keys, [wholeMs], signal, () => true);
    this.#sweep.start(namespace);
    return new RedisSession(this.#site, this.#sweep, {
      id,
      namespace,
      ttlMs: wholeMs,
      adopted: there === '1',
    });
  }

  async holder(key: Key, signal: AbortSignal): ReturnType<Store['holder']> {
    this.#enter(signal);
    return (await look(this.#site, key, signal)).holder;
  }

  watch(key: Key, signal: AbortSignal): ReturnType<Store['watch']> {
    return watch(this.#site, key, signal);
  }

  async list(prefix: Key, signal: AbortSignal): ReturnType<Store['list']> {
    this.#enter(signal);
    return list(this.#site, prefix, signal);
  }

  async evict(
    key: Key,
    token: bigint,
    { force }: { readonly force: boolean },
    signal: AbortSignal,
  ): Promise<boolean> {
    this.#enter(signal);
    const { line, layout, settings, counted } = this.#site;
    const args = [token, force ? '1' : '0', key.name, settings.retainMs, counted];
    return (await line.text(claimScripts.evict, [layout.lock(key)], args, signal)) === '1';
  }

  async endSession(key: Key, token: bigint, signal: AbortSignal): Promise<boolean> {
    this.#enter(signal);
    const { line, layout } = this.#site;
    const args = [token, layout.base(key.namespace)];
    return (await line.text(sessionScripts.endHolder, [layout.lock(key)], args, signal)) === '1';
  }

  async checkup(signal: AbortSignal): Promise<Checkup> {
    this.#enter(signal);
    return checkup(this.#site, signal);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new ClosedError('the redis store was closed'));
    await this.#sweep.finished();
    this.#site.newsroom.close();
    this.#site.line.close();
    this.#site.claiming.close();
  }

  #enter(signal: AbortSignal): void {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
  }
}
