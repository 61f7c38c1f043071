/** What the tests and benchmarks of locker demanded, of the fork for etcd 3 and of the original before it. */
import { firstValueFrom } from 'rxjs';
import { filter } from 'rxjs/operators';
import type { Leader } from '@tenure/core';
import { expect } from 'vitest';
import { becomes, renewals } from '../place.ts';
import type { Case } from '../place.ts';

export const locker: readonly Case[] = [
  {
    // TestTTL, inverted: it proved that a lock ends although its holder lives
    title: 'a lock that nobody lets go outlives its TTL while its process lives, and ends when that dies',
    async play(place) {
      const { tenure, die } = place.mortal({ ttlMs: place.renewedTtlMs });
      const other = place.client().lock('job');
      const term = await tenure.lock('job').acquire();
      await renewals(tenure, 4);
      expect(await other.tryAcquire()).toBeUndefined();
      expect(term.isCurrent()).toBe(true);
      die();
      expect((await other.acquire()).token).toBeGreaterThan(term.token);
      expect(term.isCurrent()).toBe(false);
    },
  },
  {
    // TestWatch
    title:
      'an observer hears that nobody holds a key, who takes it, that it is let go, and of the next term of the same one',
    async play(place) {
      const [a, b] = place.clients(2);
      const seen: (Leader | undefined)[] = [];
      const subscription = b!.observe('job').subscribe((leader) => seen.push(leader));
      const sees = (token: bigint | undefined): Promise<void> =>
        becomes(`${token} is seen`, () => seen.length > 0 && seen.at(-1)?.token === token);
      await sees(undefined);
      for (let round = 0; round < 2; round += 1) {
        const term = await a!.lock('job').acquire();
        await sees(term.token);
        await term.release();
        await sees(undefined);
      }
      subscription.unsubscribe();
      const heard = seen.length;
      await a!.lock('job').acquire();
      expect(await firstValueFrom(b!.observe('job').pipe(filter(Boolean)))).toBeDefined();
      expect(seen).toHaveLength(heard);
    },
  },
  {
    // TestWatchReturnsInitialValue, TestGetOnValidLock, TestLockSetsKeyValue
    title: 'who asks about a held key is told its holder and value first, by observe and by leaders',
    async play(place) {
      const metadata = Object.freeze({ address: '10.0.0.7:80' });
      const a = place.client({ candidate: { id: 'a', metadata } });
      const { token } = await a.lock('job').acquire();
      const b = place.client();
      const expected = { key: 'job', id: 'a', token, metadata };
      expect(await firstValueFrom(b.observe('job'))).toMatchObject(expected);
      expect(await b.leaders()).toMatchObject([expected]);
    },
  },
  {
    // TestGetOnMissingLockReturnsLockNotFound
    title: 'a key that nobody holds is nobody’s: that is an answer, and no error',
    async play(place) {
      const tenure = place.client();
      expect(await firstValueFrom(tenure.observe('job'))).toBeUndefined();
      expect(await tenure.leaders('job')).toEqual([]);
      expect(await tenure.evict('job')).toBe(false);
    },
  },
  {
    // TestTwoCompetingClients
    title: 'of two candidates one leads and the other follows it, and leads when the first has left',
    async play(place) {
      const [a, b] = place.clients(2);
      const [first, second] = [a!.election('job'), b!.election('job')];
      first.start();
      const { token } = await firstValueFrom(first.acquired);
      second.start();
      const following = await firstValueFrom(second.standing.pipe(filter(({ role }) => role === 'follower')));
      expect(following.leader?.token).toBe(token);
      expect(second.term).toBeUndefined();
      const won = firstValueFrom(second.acquired);
      await first.stop();
      expect((await won).token).toBeGreaterThan(token);
      expect(first.term).toBeUndefined();
    },
  },
  {
    // BenchmarkLockAndUnlock, BenchmarkLock
    title: 'one session carries many locks, and a key can be locked and unlocked many times',
    async play(place) {
      const tenure = place.client();
      let sessions = 0;
      tenure.session.on('opened', () => (sessions += 1));
      const keys = Array.from({ length: 30 }, (_, index) => `job-${index}`);
      const terms = await Promise.all(keys.map((key) => tenure.lock(key).acquire()));
      expect((await place.client().leaders('job-')).map(({ key }) => key).toSorted()).toEqual(
        keys.toSorted(),
      );
      await Promise.all(terms.map((term) => term.release()));
      let last = 0n;
      for (let round = 0; round < 20; round += 1) {
        await tenure.lock('job').run(({ token }) => {
          expect(token).toBeGreaterThan(last);
          last = token;
        });
      }
      expect(sessions).toBe(1);
    },
  },
];
