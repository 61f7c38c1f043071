import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  ClaimLostError,
  later,
  NotAppliedError,
  SessionGoneError,
  StoreUnavailableError,
  systemClock,
} from '@tenure/core/store';
import type { ClaimRecord, Granted, Held, Json, Key, Store, StoreSession } from '@tenure/core/store';
import { expect } from 'vitest';
import type { SuiteOptions } from './options.ts';
import { startProxy } from './proxy.ts';
import type { Address, Proxy } from './proxy.ts';
import { unreliable } from './unreliable.ts';
import { Watcher } from './watcher.ts';

export const nonce = (): string => randomBytes(8).toString('hex');

/** What must happen without anybody's clock running out gets so long. No statement about speed. */
const SOON_MS = 15_000;

export type Outcome = Awaited<ReturnType<StoreSession['claim']>>;

/** One case's workplace: a namespace of its own, and everything it opened is closed in the end. */
export class Bench {
  readonly options: SuiteOptions;
  readonly namespace: string = `suite-${nonce()}`;
  readonly requestIds: string[] = [];
  readonly signal: AbortSignal;
  readonly #over = new AbortController();
  readonly #stores: Store[] = [];
  readonly #sessions: StoreSession[] = [];
  readonly #watchers: Watcher[] = [];
  readonly #proxies: Proxy[] = [];
  #candidates = 0;

  constructor(options: SuiteOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = AbortSignal.any([this.#over.signal, signal]);
    setMaxListeners(0, this.signal);
  }

  key(name = 'job'): Key {
    return { namespace: this.namespace, name };
  }

  record(metadata?: Json, claimId: string = nonce()): ClaimRecord {
    this.#candidates += 1;
    return {
      id: `candidate-${this.#candidates}`,
      claimId,
      acquiredAt: `2030-01-01T00:00:${String(this.#candidates % 60).padStart(2, '0')}.000Z`,
      ...(metadata === undefined ? {} : { metadata }),
    };
  }

  /** Long enough that it never runs out within a case. */
  get patientTtlMs(): number {
    return Math.max(60_000, this.options.ttlMs * 20);
  }

  /** By then a session that is not renewed any more has expired. */
  get expiryMs(): number {
    const { ttlMs, expiryFactor = 1, expirySlackMs = this.options.wait ? 1 : 3000 } = this.options;
    return ttlMs * expiryFactor + expirySlackMs;
  }

  async store(via?: Address): Promise<Store> {
    return this.#keep(await this.options.open(via));
  }

  async deafStore(): Promise<Store> {
    if (this.options.deaf) return this.#keep(await this.options.deaf());
    return unreliable(await this.store(), { clock: systemClock, deaf: () => true });
  }

  async proxy(): Promise<Proxy> {
    if (!this.options.target) throw new Error('the case needs options.target');
    const proxy = await startProxy(await this.options.target());
    this.#proxies.push(proxy);
    return proxy;
  }

  /** A session, of a client of its own unless a store is given. It outlives the case unless `ttlMs` says otherwise. */
  async session(
    options: {
      readonly store?: Store;
      readonly ttlMs?: number;
      readonly requestId?: string;
      /** Of the keys that it claims. */
      readonly namespace?: string;
    } = {},
  ): Promise<StoreSession> {
    const { store = await this.store(), ttlMs = this.patientTtlMs, requestId = this.requestId() } = options;
    const { namespace = this.namespace } = options;
    const session = await store.open({ id: requestId, ttlMs, name: this.namespace, namespace }, this.signal);
    this.#sessions.push(session);
    return session;
  }

  /** One that expires soon unless it is renewed. */
  mortal(store?: Store): Promise<StoreSession> {
    return this.session({ ttlMs: this.options.ttlMs, ...(store ? { store } : {}) });
  }

  requestId(): string {
    const id = nonce();
    this.requestIds.push(id);
    return id;
  }

  /** Claims and expects to hold the key at once. */
  async grant(session: StoreSession, key: Key, record?: ClaimRecord): Promise<Granted> {
    return expectGranted(await session.claim(key, record ?? this.record(), this.signal));
  }

  /** Claims and expects that someone else holds the key. */
  async wait(session: StoreSession, key: Key, record?: ClaimRecord): Promise<Held> {
    return expectHeld(await session.claim(key, record ?? this.record(), this.signal));
  }

  /** Until asking again may pay off: the store says so, or the time it named has passed. */
  async turn(session: StoreSession, held: Held): Promise<void> {
    const leave = new AbortController();
    const park = session.park(held, AbortSignal.any([this.signal, leave.signal]));
    const { retryInMs } = held;
    if (retryInMs === undefined) return park;
    if ((await this.#race(park, Math.max(1, retryInMs))) === 'settled') return park;
    leave.abort();
    await park.catch(() => {});
  }

  /** Asks and waits as the core does, until granted. */
  async win(
    session: StoreSession,
    key: Key,
    record: ClaimRecord,
    withinMs: number = SOON_MS,
  ): Promise<Granted> {
    const patience = { over: false };
    const asking = async (): Promise<Granted> => {
      for (;;) {
        const outcome = await session.claim(key, record, this.signal).catch(unlessApplied);
        if (outcome?.outcome === 'granted') return outcome;
        if (outcome) await this.turn(session, outcome);
        // A store that wakes for nothing must not keep everything else from running.
        await new Promise(setImmediate);
        if (patience.over) throw new Error(`gave up winning ${key.name}`);
      }
    };
    const won = asking();
    try {
      return await this.within(won, withinMs, `winning ${key.name}`);
    } finally {
      patience.over = true;
    }
  }

  watch(store: Store, key: Key): Watcher {
    const watcher = new Watcher(store.watch(key, this.signal));
    this.#watchers.push(watcher);
    return watcher;
  }

  soon<T>(promise: Promise<T>, what: string): Promise<T> {
    return this.within(promise, SOON_MS, what);
  }

  /** Fails when the promise has not settled after `ms`, in the suite's kind of time. */
  async within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
    if ((await this.#race(promise, ms)) === 'settled') return promise;
    throw new Error(`${what} did not happen within ${ms} ms`);
  }

  /** Lets time pass. For cases whose subject is time. */
  async pass(ms: number): Promise<void> {
    if (this.options.wait) await this.options.wait(ms);
    else await sleep(ms);
  }

  /** Asks again until the store can answer: for the moment after the network has healed. */
  async insist<T>(ask: () => Promise<T>): Promise<T> {
    const untilMs = systemClock.now().monoMs + SOON_MS;
    for (let round = 0; ; round += 1) {
      try {
        return await this.soon(ask(), 'an answer');
      } catch (error) {
        const unknown = error instanceof StoreUnavailableError || error instanceof NotAppliedError;
        if (!unknown || systemClock.now().monoMs > untilMs || (this.options.wait && round > 100)) throw error;
        await this.pass(20);
      }
    }
  }

  /** Looks again until it holds, at most as long as things may take that need no expiry. */
  async eventually(look: () => Promise<void>): Promise<void> {
    const untilMs = systemClock.now().monoMs + SOON_MS;
    for (let round = 0; ; round += 1) {
      try {
        await look();
        return;
      } catch (error) {
        if (systemClock.now().monoMs > untilMs || (this.options.wait && round > 100)) throw error;
        await this.pass(20);
      }
    }
  }

  async end(): Promise<void> {
    for (const proxy of this.#proxies) await proxy.pass();
    const patience = AbortSignal.timeout(5000);
    await Promise.allSettled(this.#sessions.map((session) => session.close(patience)));
    this.#over.abort(new Error('the case is over'));
    const watchers = this.#watchers.map((watcher) => watcher.ended);
    await this.within(Promise.all(watchers), SOON_MS, 'the end of an aborted watch');
    await Promise.all(this.#stores.map((store) => store.close()));
    for (const proxy of this.#proxies) await proxy.close();
  }

  #keep(store: Store): Store {
    this.#stores.push(store);
    return store;
  }

  /** Until settled, or until so much time has passed. */
  async #race(promise: Promise<unknown>, ms: number): Promise<'settled' | 'pending'> {
    const race = { settled: false };
    const settle = (): void => {
      race.settled = true;
    };
    const settled = promise.then(settle, settle);
    if (this.options.wait) {
      await this.options.wait(0);
      for (let i = 0; i < 100 && !race.settled; i += 1) await this.options.wait(ms / 100);
    } else {
      const stop = new AbortController();
      await Promise.race([settled, sleep(ms, stop.signal)]);
      stop.abort();
    }
    return race.settled ? 'settled' : 'pending';
  }
}

/** What certainly was not applied is asked again. */
function unlessApplied(error: unknown): undefined {
  if (!(error instanceof NotAppliedError)) throw error;
}

export function expectGranted(outcome: Outcome): Granted {
  expect(outcome.outcome, 'the outcome of a claim on a free key').toBe('granted');
  return outcome as Granted;
}

function expectHeld(outcome: Outcome): Held {
  expect(outcome.outcome, 'the outcome of a claim on a key that is held').toBe('held');
  return outcome as Held;
}

/** Refused for good: the claim does not hold the key, or its session is over. */
export async function expectRefused(verb: Promise<unknown>): Promise<void> {
  const error: unknown = await verb.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(
    error instanceof ClaimLostError || error instanceof SessionGoneError,
    `a definite refusal, not ${String(error)}`,
  ).toBe(true);
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = systemClock.alarm(later(systemClock.now(), ms), resolve);
    signal?.addEventListener('abort', () => {
      cancel();
      resolve();
    });
  });
}
