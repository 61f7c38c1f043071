/** What go-dlm's three suites demanded of Redis and memory, and the faults that they did not find. */
import { LockTimeoutError } from '@tenure/core';
import { expect } from 'vitest';
import type { Case } from '../place.ts';

export const dlm: readonly Case[] = [
  {
    // RunDLMLockTest, whose second locker was never seen to get the lock
    title: 'a lock is held once, given up once or twice, taken again, and passed to who waits for it',
    async play(place) {
      const [a, b] = place.clients(2);
      const lock = a!.lock('job');
      expect(lock.key).toBe('job');
      const first = await lock.acquire();
      expect(await lock.tryAcquire()).toBeUndefined();
      await first.release();
      await first.release();
      expect(await first.ended).toMatchObject({ kind: 'released', reason: 'released' });

      const second = await lock.acquire();
      let released = false;
      const passed = b!
        .lock('job')
        .acquire()
        .then((term) => ({ term, released }));
      expect(await b!.lock('job').tryAcquire()).toBeUndefined();
      released = true;
      await second.release();
      const { term, released: letGo } = await passed;
      expect(letGo).toBe(true);
      expect(term.token).toBeGreaterThan(second.token);
    },
  },
  {
    // RunDLMLockTTLTest
    title: 'who waits for a lease gets it when that has run out, and can let it go',
    async play(place) {
      const [a, b, c] = place.clients(3);
      const lease = await a!.lock('job').acquire({ renew: false, ttlMs: place.shortTtlMs });
      const next = await b!.lock('job').acquire();
      expect(next.token).toBeGreaterThan(lease.token);
      await next.release();
      expect(await c!.lock('job').tryAcquire()).toBeDefined();
    },
  },
  {
    // RunDLMLockWaitTimeTest
    title: 'who has waited as long as it wanted to is told so, and holds no place in the queue',
    async play(place) {
      const [a, b, c] = place.clients(3);
      const term = await a!.lock('job').acquire();
      await expect(b!.lock('job').acquire({ waitMs: 200 })).rejects.toBeInstanceOf(LockTimeoutError);
      await term.release();
      expect(await c!.lock('job').tryAcquire()).toBeDefined();
    },
  },
  {
    // A WaitTime shorter than the RetryTime meant exactly one try; none at all could not be said
    title: 'who does not want to wait gets a key that nobody holds',
    async play(place) {
      const term = await place.client().lock('job').acquire({ waitMs: 0 });
      expect(term.isCurrent()).toBe(true);
    },
  },
  {
    // The first SET of a lock once went out without its namespace
    title: 'a key belongs to its namespace from the first claim on, wherever the two words are split',
    async play(place) {
      const namespace = (end: string): string => `${place.namespace}${end}`;
      const locks = [
        place.client({ namespace: namespace('a') }).lock('bc'),
        place.client({ namespace: namespace('ab') }).lock('c'),
        place.client({ namespace: namespace('') }).lock('abc'),
      ];
      for (const lock of locks) expect(await lock.tryAcquire()).toBeDefined();
      expect(
        await place
          .client({ namespace: namespace('ab') })
          .lock('c')
          .tryAcquire(),
      ).toBeUndefined();
    },
  },
  {
    // A lock that had expired could neither be unlocked nor locked any more
    title:
      'a lock whose lease has run out can be taken again by the same one, whether or not it lets go first',
    async play(place) {
      const lock = place.client().lock('job');
      const lease = { renew: false, ttlMs: place.shortTtlMs };
      const first = await lock.acquire(lease);
      await first.ended;
      const second = await lock.acquire(lease);
      await second.ended;
      await second.release();
      const third = await lock.acquire();
      expect([first.token < second.token, second.token < third.token]).toEqual([true, true]);
    },
  },
];
