import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { openStore } from '@tenure/core';
import type { Key, StoreSession } from '@tenure/core/store';
import Database from 'libsql';
import { output } from '../servers/trial.ts';
import { until } from '../servers/until.ts';
import { openVenue } from '../servers/venue.ts';
import type { Venue, VenueKind } from '../servers/venue.ts';

/** etcd and Consul keep nothing of a free lock in the first place. */
export const retentionKinds = [
  'redis',
  'postgres',
  'mariadb',
  'sqlite',
] as const satisfies readonly VenueKind[];
export type RetentionKind = (typeof retentionKinds)[number];

const RETAIN_MS = 2000;
const AT_ONCE = 64;
const PATIENCE_MS = 120_000;

export interface Remains {
  readonly kind: RetentionKind;
  readonly locks: number;
  /** Rows or keys of locks, when all had been released, and after the retention. */
  readonly remembered: number;
  readonly leftBehind: number;
  /** A key that was forgotten gets a higher token all the same. */
  readonly tokenRises: boolean;
}

const COUNT = 'select count(*) from tenure_locks';

const counters: Readonly<Record<RetentionKind, (venue: Venue) => Promise<number>>> = {
  redis: async ({ cluster }) => {
    const text = await output(cluster!, '--scan', '--pattern', '*:lock:*');
    return text.trim() === '' ? 0 : text.trim().split('\n').length;
  },
  postgres: async ({ cluster }) => Number(await output(cluster!, '-Atc', COUNT)),
  mariadb: async ({ cluster }) => Number(await output(cluster!, '-Ne', COUNT)),
  sqlite: async ({ file }) => {
    const database = new Database(file!, { readonly: true });
    try {
      return Number((database.prepare(COUNT).raw().get() as unknown[])[0]);
    } finally {
      database.close();
    }
  },
};

/** So many distinct locks are taken and given up; when the time to remember them has passed, nothing of them is there. */
export async function retention(kind: RetentionKind, locks: number): Promise<Remains> {
  const venue = await openVenue(kind);
  const url = `${venue.url()}${venue.url().includes('?') ? '&' : '?'}retainMs=${RETAIN_MS}`;
  const store = await openStore(url);
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const open = (): Promise<StoreSession> =>
    store.open(
      { id: randomBytes(8).toString('hex'), ttlMs: 600_000, name: 'retention', namespace: 'test' },
      signal,
    );
  const take = async (session: StoreSession, name: string): Promise<bigint> => {
    const key: Key = { namespace: 'test', name };
    const claimId = randomBytes(8).toString('hex');
    const record = { id: 'one', claimId, acquiredAt: '2030-01-01T00:00:00.000Z' };
    const outcome = await session.claim(key, record, signal);
    if (outcome.outcome !== 'granted') throw new Error(`${name} is held`);
    await session.release(key, claimId, signal);
    return outcome.token;
  };
  try {
    const session = await open();
    const first = await take(session, 'lock-0');
    let next = 1;
    const worker = async (): Promise<void> => {
      while (next < locks) {
        const name = `lock-${next}`;
        next += 1;
        await take(session, name);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const count = (): Promise<number> => counters[kind](venue);
    const remembered = await count();
    let leftBehind = remembered;
    await until(
      'nothing is left',
      async () => {
        // Opening a session begins a clearing up.
        await (await open()).close(signal);
        leftBehind = await count();
        return leftBehind === 0 || undefined;
      },
      { timeoutMs: PATIENCE_MS, everyMs: 500 },
    ).catch(() => {});
    return {
      kind,
      locks,
      remembered,
      leftBehind,
      tokenRises: (await take(session, 'lock-0')) > first,
    };
  } finally {
    await store.close();
    await venue.close();
  }
}
