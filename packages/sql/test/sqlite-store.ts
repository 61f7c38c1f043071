import { randomBytes } from 'node:crypto';
import type { ClaimRecord, Granted, Held, Key, Store, StoreSession } from '@tenure/core/store';
import { onTestFinished } from 'vitest';
import { sqlite } from '../src/sqlite.ts';
import type { SqliteOptions } from '../src/sqlite.ts';

export const signal: AbortSignal = new AbortController().signal;

const nonce = (): string => randomBytes(8).toString('hex');

export const keyOf = (name: string): Key => ({ namespace: 'test', name });

export const recordOf = (claimId: string = nonce()): ClaimRecord => ({
  id: 'somebody',
  claimId,
  acquiredAt: '2030-01-01T00:00:00.000Z',
});

/** Closed with the test. */
export function storeOf(options: SqliteOptions): Store {
  const store = sqlite(options);
  onTestFinished(() => store.close());
  return store;
}

export const sessionOf = (store: Store, ttlMs = 60_000): Promise<StoreSession> =>
  store.open({ id: nonce(), ttlMs, name: 'test', namespace: 'test' }, signal);

export async function granted(session: StoreSession, key: Key, claimId?: string): Promise<Granted> {
  const outcome = await session.claim(key, recordOf(claimId), signal);
  if (outcome.outcome !== 'granted') throw new Error(`"${key.name}" is held`);
  return outcome;
}

export async function held(session: StoreSession, key: Key, claimId?: string): Promise<Held> {
  const outcome = await session.claim(key, recordOf(claimId), signal);
  if (outcome.outcome !== 'held') throw new Error(`"${key.name}" was granted`);
  return outcome;
}
