import { createTenure, TermLostError, ValueTooLargeError } from '@tenure/core';
import type { Store } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import { ClaimLostError } from '@tenure/core/store';
import type { StoreSession } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { runCoordinator } from '../src/index.ts';
import { leads, replicas, tickOf } from './replica.ts';
import type { Replica } from './replica.ts';

const LEASE_MS = 30_000;
const ask = ({ coordinator }: Replica, key: string, leaseMs = LEASE_MS): Promise<boolean> =>
  coordinator.shouldRun(key, leaseMs);

/** A leader, and one that follows it. */
async function pair(): Promise<{ readonly a: Replica; readonly b: Replica }> {
  const replica = replicas();
  const a = replica('a');
  await leads(a);
  return { a, b: replica('b') };
}

describe('a tick', () => {
  it('is run by the leader and by nobody else', async () => {
    const { a, b } = await pair();
    expect(await Promise.all([a, b].map((each) => ask(each, tickOf('report', 0))))).toEqual([true, false]);
  });

  it('is not run again by a successor that comes to it later', async () => {
    const { a, b } = await pair();
    const key = tickOf('report', 5);
    expect(await ask(a, key)).toBe(true);
    a.coordinator.onComplete(key);
    await a.coordinator.election.resign();
    await leads(b);
    expect(await ask(b, tickOf('report', 4))).toBe(false);
    expect(await ask(b, key)).toBe(false);
    expect(await ask(b, tickOf('report', 6))).toBe(true);
  });

  it('is run once by a leader that is asked twice', async () => {
    const { a } = await pair();
    const key = tickOf('report', 0);
    expect(await Promise.all([ask(a, key), ask(a, key)])).toEqual([true, false]);
  });

  it('hinders no other task, and those that come together are all remembered', async () => {
    const { a, b } = await pair();
    const keys = Array.from({ length: 20 }, (_, task) => tickOf(`task ${task}`, task % 3));
    expect(await Promise.all(keys.map((key) => ask(a, key)))).toEqual(keys.map(() => true));
    for (const key of keys) a.coordinator.onComplete(key);
    await a.coordinator.election.resign();
    await leads(b);
    expect(await Promise.all(keys.map((key) => ask(b, key)))).toEqual(keys.map(() => false));
  });

  it('that was run by a clock far ahead of all others does not stop the task', async () => {
    const { a } = await pair();
    expect(await ask(a, tickOf('report', 3600))).toBe(true);
    expect(await ask(a, tickOf('report', 1))).toBe(false);
    expect(await ask(a, tickOf('report', 0))).toBe(true);
    expect(await ask(a, tickOf('report', 1))).toBe(true);
  });

  it('right after the start waits for the first leader', async () => {
    const replica = replicas();
    const both = [replica('a', { waitMs: 60_000 }), replica('b', { waitMs: 60_000 })];
    const [first] = await Promise.all([
      Promise.race(both.map((each) => ask(each, tickOf('report', 0)))),
      Promise.race(both.map((each) => leads(each))),
    ]);
    expect(first).toBe(true);
  });

  it('is run by nobody while the store does not say who leads', async () => {
    const silent: Store = Object.assign(memory(), { open: () => new Promise<never>(() => {}) });
    expect(await ask(replicas()('a', { waitMs: 1 }, silent), tickOf('report', 0))).toBe(false);
  });

  it('during a hand-over is run by the successor', async () => {
    const replica = replicas();
    const a = replica('a');
    await leads(a);
    const b = replica('b', { waitMs: 60_000 });
    const asked = ask(b, tickOf('report', 0));
    await a.coordinator.election.resign();
    expect(await asked).toBe(true);
  });

  it('finds nobody where the candidate has left, and does not wait', async () => {
    const replica = replicas();
    const a = replica('a', { waitMs: Infinity });
    await leads(a);
    const b = replica('b', { waitMs: Infinity });
    const waiting = ask(b, tickOf('report', 0));
    await Promise.all([a.tenure.close(), b.coordinator.election.stop()]);
    expect(await waiting).toBe(false);
    expect(await ask(a, tickOf('report', 1))).toBe(false);
  });
});

describe('a run', () => {
  it('holds the key until it is complete, while the leader resigns', async () => {
    const { a, b } = await pair();
    const { election } = a.coordinator;
    const { term } = election;
    const key = tickOf('report', 0);
    expect(await ask(a, key)).toBe(true);
    const resigned = election.resign();
    expect(term?.signal.aborted).toBe(true);
    // The store has answered many times, and would have let go long ago.
    for (let looks = 0; looks < 50; looks++) {
      expect(await b.tenure.leaders()).toMatchObject([{ id: 'a' }]);
    }
    // No new work meanwhile.
    expect(await ask(a, tickOf('report', 1))).toBe(false);
    a.coordinator.onComplete(key);
    await resigned;
    await leads(b);
    expect(await ask(b, tickOf('report', 1))).toBe(true);
  });

  it('that is never complete holds the key for its lease', async () => {
    const { a, b } = await pair();
    expect(await ask(a, tickOf('report', 0), 50)).toBe(true);
    await a.coordinator.election.resign();
    await leads(b);
    expect(b.coordinator.election.term?.isCurrent()).toBe(true);
  });

  it('that is unknown can be complete', async () => {
    const { a } = await pair();
    expect(() => a.coordinator.onComplete(tickOf('report', 0))).not.toThrow();
  });
});

describe('what node-cron reports as trouble of the coordinator', () => {
  /** A leader whose saves do that. */
  async function leaderThatSaves(save: StoreSession['save']): Promise<Replica> {
    const store: Store = memory();
    const open = store.open.bind(store);
    store.open = async (...request) => Object.assign(await open(...request), { save });
    const leader = replicas()('a', { waitMs: 0 }, store);
    await leads(leader);
    return leader;
  }

  it('is a tick that could not be written down before the term was lost', async () => {
    const leader = await leaderThatSaves(() => Promise.reject(new ClaimLostError('taken')));
    await expect(ask(leader, tickOf('report', 0))).rejects.toThrow(TermLostError);
  });

  it('is a tick that the store refuses, which holds the key no longer', async () => {
    const leader = await leaderThatSaves(() => Promise.reject(new ValueTooLargeError('it', 2, 1)));
    await expect(ask(leader, tickOf('report', 0))).rejects.toThrow(ValueTooLargeError);
    await leader.coordinator.election.resign();
    expect(leader.coordinator.election.term).toBeUndefined();
  });

  it.each([
    ['b35a1f9e-2f1d-4c52-9a86-0b8d0ff3e0a5:2030-01-31T00:00:00.000Z', 'has no name'],
    [':2030-01-31T00:00:00.000Z', 'has no name'],
    ['report', 'got "report"'],
    ['report:2030-01-31', 'got "report:2030-01-31"'],
  ])('is the key %s', async (key, words) => {
    const { a } = await pair();
    await expect(ask(a, key)).rejects.toThrow(words);
  });

  it('is a lease that makes no sense', async () => {
    const { a } = await pair();
    await expect(ask(a, tickOf('report', 0), -1)).rejects.toThrow('distributedLease must be at least 0');
  });
});

describe('runCoordinator', () => {
  it('refuses what makes no sense at once', async () => {
    await using tenure = createTenure({ store: memory() });
    expect(() => runCoordinator(undefined as never)).toThrow('needs a tenure');
    expect(() => runCoordinator(tenure, { ttl: 5 } as never)).toThrow('no option "ttl"');
    expect(() => runCoordinator(tenure, { waitMs: -1 })).toThrow('waitMs must be');
    expect(() => runCoordinator(tenure, { key: '' })).toThrow('key must be');
    await tenure.close();
    expect(() => runCoordinator(tenure)).toThrow('the tenure was closed');
  });
});
