import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { ClaimRecord, Key, Store, StoreSession } from '@tenure/core/store';
import { NotAppliedError, SessionGoneError } from '@tenure/core/store';
import { Tally } from './outcomes.ts';
import type { Steal, Venue } from './venue.ts';

/** What a renewal is for: the holder may go on for so long once it is answered. */
const TTL_MS = 60_000;
/** The thief's own session is nobody's subject. */
const THIEF_TTL_MS = 24 * 3600 * 1000;
const FIRST_MOMENT_US = 2000;
const SHORTEST_MOMENT_US = 50;

const never: AbortSignal = new AbortController().signal;
setMaxListeners(0, never);

export const nonce = (): string => randomBytes(8).toString('hex');

/**
 * Plays so many rounds. In each, a session that holds a key has a moment left; then its renewal, for a minute, and a
 * steal of the key are sent on two connections, in either order. Only one of them may succeed. How short the moment is
 * follows the outcomes, so that both are common.
 */
export async function race(venue: Venue, rounds: number, steal?: Steal): Promise<Tally> {
  const tally = new Tally();
  const thief = await open(venue.thief, THIEF_TTL_MS);
  const take = steal ?? ((key: Key) => claim(thief, key));
  const namespace = `race-${nonce()}`;
  let momentUs = FIRST_MOMENT_US;
  let left = rounds;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const key = { namespace, name: `key-${left}` };
      const holder = await open(venue.holder);
      if (!(await claim(holder, key))) throw new Error(`${key.name} is held by somebody already`);
      await venue.expireIn(holder.id, Math.round(momentUs * (0.5 + Math.random())));
      const [renewal, stolen] = await together(
        () => renew(holder),
        () => take(key),
      );
      tally.count(renewal, stolen);
      const factor = renewal === 'renewed' ? 0.97 : 1.03;
      momentUs = Math.max(SHORTEST_MOMENT_US, momentUs * factor);
      await insist(() => holder.close(never));
    }
  };
  await Promise.all(Array.from({ length: venue.lanes }, lane));
  await insist(() => thief.close(never));
  return tally;
}

/** One of them first, by a few turns of the event loop at most. */
async function together<A, B>(one: () => Promise<A>, other: () => Promise<B>): Promise<[A, B]> {
  const turns = Math.floor(Math.random() * 6);
  const late = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    return ask();
  };
  return Promise.all(Math.random() < 0.5 ? [one(), late(other)] : [late(one), other()]);
}

/** What was certainly not applied is asked again, as the core does. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof NotAppliedError)) throw error;
      await new Promise(setImmediate);
    }
  }
}

export function open(store: Store, ttlMs: number = TTL_MS): Promise<StoreSession> {
  const request = { id: nonce(), ttlMs, name: 'race', namespace: 'race' };
  return insist(() => store.open(request, never));
}

/** Asks once. */
export async function claim(session: StoreSession, key: Key): Promise<boolean> {
  const record: ClaimRecord = { id: 'racer', claimId: nonce(), acquiredAt: '2030-01-01T00:00:00.000Z' };
  return (await insist(() => session.claim(key, record, never))).outcome === 'granted';
}

export async function renew(session: StoreSession): Promise<'renewed' | 'gone'> {
  try {
    await insist(() => session.renew(never));
    return 'renewed';
  } catch (error) {
    if (error instanceof SessionGoneError) return 'gone';
    throw error;
  }
}
