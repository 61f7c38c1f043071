/**
 * What distrlock's tests demanded of a row in a table, demanded of every store. Where those tests opened two
 * transactions by hand, here are two connections: a claim is one statement in a transaction of its own, so nobody can
 * hold a row open. What is left of their four isolation levels is in levels.ts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { InvalidArgumentError, TermLostError } from '@tenure/core';
import type { Term } from '@tenure/core';
import { expect } from 'vitest';
import { becomes, renewals } from '../place.ts';
import type { Case } from '../place.ts';

export const distrlock: readonly Case[] = [
  {
    // "acquire 2 locks with 2 different keys within 2 different concurrent transactions"
    title: 'two keys are won at the same moment, and neither waits for the other',
    async play(place) {
      const [a, b] = place.clients(2);
      const terms = await Promise.all([a!.lock('one').acquire(), b!.lock('two').acquire()]);
      expect(terms.map((term) => term.isCurrent())).toEqual([true, true]);
    },
  },
  {
    // "attempt to acquire lock with the same key twice consequentially"
    title: 'who holds a key is refused it like everybody else',
    async play(place) {
      const lock = place.client().lock('job');
      const term = await lock.acquire();
      expect(await lock.tryAcquire()).toBeUndefined();
      expect(term.isCurrent()).toBe(true);
    },
  },
  {
    // "acquire lock, release it, and acquire again"; also locker's TestTestLockAndUnlock
    title: 'a key is refused until it is released, and granted from then on',
    async play(place) {
      const [a, b] = place.clients(2);
      const first = await a!.lock('job').acquire();
      expect(await b!.lock('job').tryAcquire()).toBeUndefined();
      await first.release();
      const second = await b!.lock('job').tryAcquire();
      expect(second!.token).toBeGreaterThan(first.token);
      await second!.release();
      expect(await a!.lock('job').tryAcquire()).toBeDefined();
    },
  },
  {
    // "attempt to acquire lock with the same key many times concurrently"
    title: 'of ten that ask at once, one gets the key and nine are told that it is held',
    async play(place) {
      const answers = await Promise.all(place.clients(10).map((client) => client.lock('job').tryAcquire()));
      expect(answers.filter((term) => term !== undefined)).toHaveLength(1);
    },
  },
  {
    // "acquire and release locks with the same key many times concurrently"
    title: 'ten that wait for one key all have it once, one after the other',
    async play(place) {
      const tokens: bigint[] = [];
      let inside = 0;
      const work = async (term: Term): Promise<void> => {
        inside += 1;
        tokens.push(term.token);
        await pause(1);
        expect(inside).toBe(1);
        inside -= 1;
      };
      await Promise.all(place.clients(10).map((client) => client.lock('job').run(work)));
      expect(tokens).toHaveLength(10);
      expect(tokens).toEqual([...new Set(tokens)].toSorted((one, other) => (one < other ? -1 : 1)));
    },
  },
  {
    // "attempt to release lock after timeout"
    title: 'a release that comes too late is no error, and takes nothing from who came after',
    async play(place) {
      const [a, b, c] = place.clients(3);
      const late = await a!.lock('job').acquire({ renew: false, ttlMs: place.shortTtlMs });
      const next = await b!.lock('job').acquire();
      expect(late.isCurrent()).toBe(false);
      expect(await late.ended).toMatchObject({ kind: 'lost' });
      await late.release();
      expect(await c!.lock('job').tryAcquire()).toBeUndefined();
      expect(next.isCurrent()).toBe(true);
    },
  },
  {
    // "acquire with static token"
    title:
      'a restarted holder that says who it was has its key back at once, and is refused what others hold',
    async play(place) {
      const candidate = { id: 'node-1', reclaim: true };
      const before = place.mortal({ candidate, ttlMs: 60_000 });
      const crashed = await before.tenure.lock('job').acquire();
      before.die();
      const back = await place.client({ candidate }).lock('job').tryAcquire();
      expect(back!.token).toBeGreaterThan(crashed.token);
      await back!.release();

      const stranger = await place.client().lock('job').tryAcquire();
      expect(stranger).toBeDefined();
      expect(await place.client({ candidate }).lock('job').tryAcquire()).toBeUndefined();
      expect(stranger!.isCurrent()).toBe(true);
    },
  },
  {
    // "attempt to acquire 2 locks with the same key … but all contexts are canceled"
    title:
      'a signal that aborts ends the waiting of all that were given it, and no term that was won under it',
    async play(place) {
      const [a, b, c] = place.clients(3);
      const stop = new AbortController();
      const { signal } = stop;
      const reason = new Error('nobody waits for this any more');
      const term = await a!.lock('job').acquire({ signal });
      const waiting = [b!, b!, c!].map((client) => client.lock('job').acquire({ signal }));
      const outcomes = Promise.allSettled(waiting);
      expect(await c!.lock('job').tryAcquire()).toBeUndefined();
      stop.abort(reason);
      expect(await outcomes).toEqual(waiting.map(() => ({ status: 'rejected', reason })));
      expect(term.isCurrent()).toBe(true);
      await term.release();
      expect(await place.client().lock('job').tryAcquire()).toBeDefined();
    },
  },
  {
    // "lock extension"
    title: 'a lease by hand lasts as long as it is extended, two at a time too, and once over stays over',
    async play(place) {
      const [a, b] = place.clients(2);
      const ttlMs = place.renewedTtlMs;
      const lease = await a!.lock('job').acquire({ renew: false, ttlMs });
      for (let round = 0; round < 3; round += 1) {
        await pause(lease.remainingMs() / 2);
        await Promise.all([lease.extend(), lease.extend()]);
        expect(await b!.lock('job').tryAcquire()).toBeUndefined();
      }
      await lease.ended;
      await expect(lease.extend()).rejects.toBeInstanceOf(TermLostError);
      expect((await b!.lock('job').acquire()).token).toBeGreaterThan(lease.token);
    },
  },
  {
    // DoExclusively: "lock is acquired with successful periodic extensions"
    title: 'work that takes longer than a TTL keeps rivals out until it is done',
    async play(place) {
      const a = place.client({ ttlMs: place.renewedTtlMs });
      const rival = place.client().lock('job');
      const answer = await a.lock('job').run(async () => {
        for (let round = 0; round < 4; round += 1) {
          await renewals(a, 1);
          expect(await rival.tryAcquire()).toBeUndefined();
        }
        return 42;
      });
      expect(answer).toBe(42);
      expect(await rival.tryAcquire()).toBeDefined();
    },
  },
  {
    // DoExclusively: "… but periodic extension interval is too long"
    title: 'a renewal period that cannot keep the TTL is refused before anything is sent',
    async play(place) {
      expect(() => place.client({ ttlMs: 3000, timing: { renewMs: 10_000 } })).toThrow(InvalidArgumentError);
    },
  },
  {
    // the same: what its late ticks did to the work
    title:
      'work whose renewals do not arrive is told to stop before a rival has the key, and its success is no success',
    async play(place) {
      const { tenure, die } = place.mortal();
      let doomed: Term | undefined;
      const running = tenure.lock('job').run(
        (term) =>
          new Promise<void>((resolve) => {
            doomed = term;
            term.signal.addEventListener('abort', () => resolve(), { once: true });
            die();
          }),
      );
      const failure = running.then(
        () => undefined,
        (error: unknown) => error,
      );
      await becomes('the work runs', () => doomed !== undefined);
      const next = await place.client().lock('job').acquire();
      expect(doomed!.isCurrent()).toBe(false);
      expect(next.token).toBeGreaterThan(doomed!.token);
      expect(await failure).toBeInstanceOf(TermLostError);
    },
  },
];
