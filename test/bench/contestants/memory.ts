import { Verrou } from '@verrou/core';
import { memoryStore } from '@verrou/core/drivers/memory';
import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Contestant, Field, Hold, Spot } from '../contestant.ts';

/** What all clients of one namespace have in common, as processes share a server. */
const lines = new Map<string, Map<string, (() => void)[]>>();
const verrous = new Map<string, ReturnType<typeof verrouOf>>();

const sharedBy = <T>(all: Map<string, T>, { namespace }: Spot, make: () => T): T => {
  const shared = all.get(namespace) ?? make();
  all.set(namespace, shared);
  return shared;
};

/** A line of promises for each key. */
const floor: Contestant = {
  name: 'floor: a line of promises',
  role: 'floor',
  async open(spot) {
    const line = sharedBy(lines, spot, () => new Map<string, (() => void)[]>());
    return {
      acquire: async (key): Promise<Hold> => {
        const waiting = line.get(key);
        if (waiting) await new Promise<void>((resolve) => waiting.push(resolve));
        else line.set(key, []);
        return {
          release: async () => {
            const next = line.get(key)?.shift();
            if (next) next();
            else line.delete(key);
          },
        };
      },
      close: async () => {},
    };
  },
  tidy: async ({ namespace }) => lines.delete(namespace),
};

const verrouOf = () => new Verrou({ default: 'memory', stores: { memory: { driver: memoryStore() } } });

const verrou: Contestant = {
  name: 'verrou',
  role: 'peer',
  async open(spot) {
    const locks = sharedBy(verrous, spot, verrouOf);
    return {
      acquire: async (key) => {
        const lock = locks.createLock(key, PATIENT_TTL_MS);
        await lock.acquire();
        return lock;
      },
      close: async () => {},
    };
  },
  tidy: async ({ namespace }) => verrous.delete(namespace),
};

export const memoryField: Field = {
  uncontended: [floor, verrou],
  // Not verrou: when somebody waits, its memory driver may not know the owner any more who releases.
  contended: [floor],
  handover: [floor],
};
