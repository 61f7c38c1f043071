import { randomBytes } from 'node:crypto';
import { createTenure } from '@tenure/core';
import type { Election, Term } from '@tenure/core';
import type { Client, Contestant, Spot } from '../contestant.ts';

const IN_TIME_MS = 10_000;

/** `tenure.lock(key)`, as a program uses it. */
export const tenureLock: Contestant = {
  name: 'Tenure',
  role: 'tenure',
  async open(spot) {
    const tenure = createTenure({ store: await spot.openStore(), ...optionsOf(spot) });
    return { acquire: (key) => tenure.lock(key).acquire(), close: () => tenure.close() };
  },
};

/** Only the store, without the core: what is between the two rows is what the core costs. */
export const tenureStore: Contestant = {
  name: 'Tenure, store only',
  role: 'tenure',
  async open(spot): Promise<Client> {
    const { namespace, ttlMs } = spot;
    const store = await spot.openStore();
    // As the core does it: each verb has a signal of its own.
    const unaborted = (): AbortSignal => new AbortController().signal;
    const id = randomBytes(8).toString('hex');
    const session = await store.open({ id, ttlMs, name: 'bench', namespace }, unaborted());
    const renewing = setInterval(() => void session.renew(unaborted()).catch(() => {}), ttlMs / 3);
    let claims = 0;
    return {
      acquire: async (name) => {
        const key = { namespace, name };
        const claimId = `${id}${(claims += 1).toString(36)}`;
        const acquiredAt = new Date().toISOString();
        const { outcome } = await session.claim(key, { id: 'bench', claimId, acquiredAt }, unaborted());
        if (outcome !== 'granted') throw new Error(`"${name}" should have been free, and is ${outcome}`);
        return { release: () => session.release(key, claimId, unaborted()) };
      },
      close: async () => {
        clearInterval(renewing);
        await session.close(AbortSignal.timeout(IN_TIME_MS));
        await store.close();
      },
    };
  },
};

/** An election whose leader resigns and goes on standing. */
export const tenureElection: Contestant = {
  name: 'Tenure',
  role: 'tenure',
  async open(spot) {
    const tenure = createTenure({ store: await spot.openStore(), ...optionsOf(spot) });
    const elections = new Map<string, Election>();
    return {
      acquire: async (key) => {
        const election = elections.get(key) ?? tenure.election(key);
        elections.set(key, election);
        const acquired = new Promise<Term>((resolve) => {
          election.once('acquired', resolve);
        });
        election.start();
        await acquired;
        return { release: () => election.resign() };
      },
      close: () => tenure.close(),
    };
  },
};

const optionsOf = ({ namespace, ttlMs }: Spot): { readonly namespace: string; readonly ttlMs: number } => ({
  namespace,
  ttlMs,
});
