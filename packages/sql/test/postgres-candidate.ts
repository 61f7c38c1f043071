import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { ClaimRecord, Granted, Held, Key, Store, StoreSession } from '@tenure/core/store';
import { expect } from 'vitest';

export const nonce = (): string => randomBytes(8).toString('hex');

/** For calls that the test's own time-out ends. */
export const never: AbortSignal = new AbortController().signal;
setMaxListeners(0, never);

export const record = (id = 'somebody'): ClaimRecord => ({
  id,
  claimId: nonce(),
  acquiredAt: '2030-01-01T00:00:00.000Z',
});

export const open = (store: Store, ttlMs = 60_000): Promise<StoreSession> =>
  store.open({ id: nonce(), ttlMs, name: 'test', namespace: 'test' }, never);

export async function grant(session: StoreSession, key: Key): Promise<Granted> {
  const outcome = await session.claim(key, record(), never);
  expect(outcome.outcome, `the outcome of a claim on ${key.name}`).toBe('granted');
  return outcome as Granted;
}

export async function refuse(session: StoreSession, key: Key): Promise<Held> {
  const outcome = await session.claim(key, record(), never);
  expect(outcome.outcome, `the outcome of a claim on ${key.name}`).toBe('held');
  return outcome as Held;
}

/** Asks until it is granted. */
export async function win(session: StoreSession, key: Key): Promise<Granted> {
  const mine = record();
  for (;;) {
    const outcome = await session.claim(key, mine, never);
    if (outcome.outcome === 'granted') return outcome;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Looks again until it holds; what keeps it from that is the failure when the test's time is up. */
export async function eventually<T>(look: () => T | Promise<T>, withinMs = 20_000): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

export async function failure(verb: Promise<unknown>): Promise<Error> {
  const outcome = await verb.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error('it did not fail');
  return outcome;
}
