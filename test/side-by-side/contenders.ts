import type { VenueKind } from '../servers/venue.ts';
import type { Access, OpenLibrary } from './library.ts';

export interface Contender {
  readonly name: string;
  readonly kind: VenueKind;
  /** A process loads the one library that it is for. */
  readonly open: OpenLibrary;
  /** It says by itself that a lock is lost. */
  readonly tells: boolean;
  /** Its locks live in sessions that an operator can end without touching the key. */
  readonly hasSessions: boolean;
  /** How many TTLs the store keeps a dead session's key closed, because it was asked to. */
  readonly delayTtls?: number;
  /** What it promises, in our words, and how it was set up. */
  readonly note: string;
}

const OURS =
  'a leader knows that it is none any more before the next can begin, while clocks drift by less than 1 % and the store keeps its word; not when an operator deletes keys. isCurrent(), and the term’s signal';

export const contenders: readonly Contender[] = [
  ...(['etcd', 'consul', 'redis', 'postgres'] as const).map((kind) => ({
    name: `tenure, ${kind}`,
    kind,
    open: async (access: Access) => (await import('./libraries/tenure.ts')).tenure(access),
    tells: true,
    hasSessions: true,
    note: OURS,
  })),
  {
    name: 'etcd3 Lock',
    kind: 'etcd',
    open: async (access) => (await import('./libraries/etcd3.ts')).etcd3Lock(access),
    tells: false,
    hasSessions: true,
    note: 'etcd ends the lock when its lease runs out; its documents warn that the caller may lose it while operations still run. Nothing to ask and no event, so it counts as ours until released; acquire() fails at once, so it is repeated every 100 ms; a deadline of TTL/3 for all calls',
  },
  {
    name: 'etcd3 Election',
    kind: 'etcd',
    open: async (access) => (await import('./libraries/etcd3.ts')).etcd3Election(access),
    tells: true,
    hasSessions: true,
    note: 'one leader among those who campaign; "error" means that the campaign has failed and another may lead. Ours from "elected" to "error"; a deadline of TTL/3 for all calls',
  },
  {
    name: 'redlock 5',
    kind: 'redis',
    open: async (access) => (await import('./libraries/redlock.ts')).redlock(access),
    tells: true,
    hasSessions: false,
    note: 'exclusive for a duration; using() aborts its signal when extending has failed. Extends at TTL/3; the client as its README makes it',
  },
  {
    name: 'redlock 5, timed',
    kind: 'redis',
    open: async (access) => (await import('./libraries/redlock.ts')).redlock(access, true),
    tells: true,
    hasSessions: false,
    note: 'the same over a client with commandTimeout TTL/6 and one retry, which its README does not ask for',
  },
  {
    name: 'redis-semaphore',
    kind: 'redis',
    open: async (access) => (await import('./libraries/redis-semaphore.ts')).redisSemaphore(access),
    tells: true,
    hasSessions: false,
    note: 'fail-safe by atomic scripts; onLockLost when a refresh finds the lock gone. isAcquired, as in its example of lost locks; refreshes at TTL/3; the client as its README makes it',
  },
  {
    name: 'redis-semaphore, timed',
    kind: 'redis',
    open: async (access) => (await import('./libraries/redis-semaphore.ts')).redisSemaphore(access, true),
    tells: true,
    hasSessions: false,
    note: 'the same over a client with commandTimeout TTL/6 and one retry',
  },
  {
    name: 'verrou',
    kind: 'redis',
    open: async (access) => (await import('./libraries/verrou.ts')).verrou(access),
    tells: false,
    hasSessions: false,
    note: 'one holder until the TTL; it renews nothing and tells nothing by itself. A timer of ours calls extend() each TTL/3; ours while isExpired() is false and extend() was not refused',
  },
  {
    name: 'consul loop',
    kind: 'consul',
    open: async (access) => (await import('./libraries/consul.ts')).consulLoop(access),
    tells: true,
    hasSessions: true,
    delayTtls: 1,
    note: 'no lock in the package: this is the loop of Consul’s guide, written as well as we could (renews at TTL/3 with time-outs, gives up after a TTL without renewal, watches its key, lock-delay of one TTL). Consul promises the session lives for at least its TTL, and the lock-delay after it',
  },
];

/** @throws for a name that nobody has. */
export function contenderOf(name: string): Contender {
  const found = contenders.find((contender) => contender.name === name);
  if (!found)
    throw new Error(
      `no library here is called "${name}": ${contenders.map((contender) => contender.name).join('; ')}`,
    );
  return found;
}
