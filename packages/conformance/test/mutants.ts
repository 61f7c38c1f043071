import { memory, MemorySpace } from '@tenure/core/memory';
import type { Key, Store, StoreSession } from '@tenure/core/store';
import type { SuiteOptions } from '../src/options.ts';
import { VirtualClock } from '../src/virtual-clock.ts';

/** What all clients of a mutant share, as those of a server do. */
interface World {
  readonly checkpoints: Map<string, string>;
  /** The last token of each key before an operator deleted it. */
  readonly deleted: Map<string, bigint>;
}

export const keyId = ({ namespace, name }: Key): string => `${namespace}:${name}`;

export interface Mutation {
  /** The case that must fail. */
  readonly fails: string;
  readonly store?: (real: Store, world: World) => Partial<Store>;
  readonly session?: (real: StoreSession, world: World) => Partial<StoreSession>;
}

const sessionLike = (real: StoreSession): StoreSession => ({
  id: real.id,
  ttlMs: real.ttlMs,
  adopted: real.adopted,
  gone: real.gone,
  renew: (signal) => real.renew(signal),
  claim: (key, proposal, signal) => real.claim(key, proposal, signal),
  park: (held, signal) => real.park(held, signal),
  release: (key, claimId, signal) => real.release(key, claimId, signal),
  announce: (granted, record, signal) => real.announce(granted, record, signal),
  save: (granted, checkpoint, sequence, signal) => real.save(granted, checkpoint, sequence, signal),
  close: (signal) => real.close(signal),
  taken: (hint) => real.taken(hint),
});

/** The memory store with something wrong. */
export function mutant(mutation: Omit<Mutation, 'fails'>): SuiteOptions {
  const clock = new VirtualClock();
  const shared = new MemorySpace({ clock });
  const world: World = { checkpoints: new Map(), deleted: new Map() };
  return {
    open: () => {
      const real = memory({ shared, maxValueBytes: 4096 });
      return {
        ...real,
        open: async (request, signal) => {
          const session = await real.open(request, signal);
          return { ...sessionLike(session), ...mutation.session?.(session, world) };
        },
        ...mutation.store?.(real, world),
      };
    },
    ttlMs: 1000,
    wait: (ms) => clock.advance(ms),
    deleteKey: async (key) => {
      const holder = await memory({ shared }).holder(key, new AbortController().signal);
      if (holder) world.deleted.set(keyId(key), holder.token);
      shared.deleteKey(key);
    },
    leftovers: (namespace, requestIds) => [
      ...shared.keys(namespace),
      ...shared.sessions().filter((id) => requestIds.some((request) => id.startsWith(request))),
    ],
  };
}
