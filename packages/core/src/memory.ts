/**
 * A store in this process, and the reference that every other store is judged against. It coordinates what runs
 * in one process: tests, and programs that are written for many replicas but run as one.
 */
import type { Clock } from './clock.ts';
import { ClosedError, InvalidArgumentError } from './errors.ts';
import type { Holder, Key, Store, Traits } from './store.ts';
import { MemorySession } from './memory/session.ts';
import { holderOf } from './memory/claim.ts';
import type { Session } from './memory/claim.ts';
import { MemorySpace } from './memory/space.ts';

export { MemorySpace } from './memory/space.ts';

export interface MemoryOptions {
  /** What sessions expire by. A `shared` space has its own. @default the system's clock */
  readonly clock?: Clock;
  /** What several stores have in common, as processes share a server. @default a space of its own */
  readonly shared?: MemorySpace;
  /** @default 512 KiB */
  readonly maxValueBytes?: number;
}

/** Session TTLs are granted as asked, from a millisecond to a year. */
const TTL_MS = { min: 1, max: 365 * 24 * 3600 * 1000 };

export function memory(options: MemoryOptions = {}): Store {
  const { clock, maxValueBytes = 512 * 1024 } = options;
  const space = options.shared ?? new MemorySpace(clock ? { clock } : {});
  const closing = new AbortController();
  const opened = new Set<Session>();
  const enter = (signal: AbortSignal): void => {
    signal.throwIfAborted();
    closing.signal.throwIfAborted();
  };
  const traits: Traits = {
    minTtlMs: TTL_MS.min,
    maxTtlMs: TTL_MS.max,
    maxValueBytes,
    wakes: 'push',
    fair: true,
    clock: 'monotonic',
    keepsWord: 'It loses everything when its process ends, and is seen by nobody outside.',
  };

  return {
    name: 'memory',
    traits,

    async open(request, signal) {
      enter(signal);
      const { ttlMs } = request;
      if (!(ttlMs >= TTL_MS.min && ttlMs <= TTL_MS.max)) {
        throw new InvalidArgumentError(`ttlMs must be between ${TTL_MS.min} and ${TTL_MS.max}, got ${ttlMs}`);
      }
      return new MemorySession(space, space.open(request, opened), maxValueBytes);
    },

    async holder(key, signal) {
      enter(signal);
      const first = space.first(key);
      return first && holderOf(first);
    },

    watch: (key, signal) => watch(space, key, AbortSignal.any([signal, closing.signal])),

    async list(prefix, signal) {
      enter(signal);
      return space.list(prefix);
    },

    async evict(key, token, { force }, signal) {
      enter(signal);
      return space.evict(key, token, force);
    },

    async endSession(key, token, signal) {
      enter(signal);
      return space.endSession(key, token);
    },

    async checkup(signal) {
      enter(signal);
      const text =
        'What is held in memory is seen by this process only, and gone when it ends: right for tests and for a program ' +
        'that runs as one process. Where several run, take a store on a server, or sqlite on one machine.';
      return { product: 'memory', findings: [{ level: 'warning', text }] };
    },

    async close() {
      closing.abort(new ClosedError('the memory store was closed'));
      // Whoever shares the space sees this process end. No alarm of it may stay behind.
      for (const session of opened) space.end(session);
    },
  };
}

/** Keeps the fact that something changed, never what: a slow observer reads the latest and skips the rest. */
async function* watch(space: MemorySpace, key: Key, signal: AbortSignal): AsyncGenerator<Holder | undefined> {
  let stale = true;
  let look: (() => void) | undefined;
  const forget = space.watch(key, () => {
    stale = true;
    look?.();
  });
  const wake = (): void => look?.();
  signal.addEventListener('abort', wake, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      if (stale) {
        stale = false;
        const first = space.first(key);
        yield first && holderOf(first);
      } else {
        await new Promise<void>((resolve) => {
          look = resolve;
        });
      }
    }
  } finally {
    forget();
    signal.removeEventListener('abort', wake);
  }
}
