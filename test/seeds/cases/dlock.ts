/** dlock had no tests: here is the loop of its README, the cron of its example, and the faults found in reading it. */
import { fromEvent, firstValueFrom, timer } from 'rxjs';
import { filter, map, switchMap, takeUntil } from 'rxjs/operators';
import type { Election, Term } from '@tenure/core';
import { expect } from 'vitest';
import { becomes, renewals } from '../place.ts';
import type { Case } from '../place.ts';

/** A job that runs now and again for as long as its candidate leads. */
const cron = (election: Election) =>
  election.acquired.pipe(
    switchMap((term) =>
      timer(0, 5).pipe(
        map(() => term),
        takeUntil(fromEvent(term.signal, 'abort')),
      ),
    ),
  );

export const dlock: readonly Case[] = [
  {
    title: 'a job starts with each term and stops with it, on one machine at a time',
    async play(place) {
      const ticks: { who: string; current: boolean }[] = [];
      const elections = place.clients(2).map((client) => client.election('job'));
      const crons = elections.map((election, index) =>
        cron(election).subscribe((term: Term) =>
          ticks.push({ who: 'ab'[index]!, current: term.isCurrent() }),
        ),
      );
      const [a, b] = elections;
      const ticked = (who: string, count: number) =>
        becomes(`${who} works`, () => ticks.filter((tick) => tick.who === who).length >= count);
      a!.start();
      await ticked('a', 3);
      b!.start();
      await firstValueFrom(b!.standing.pipe(filter(({ role }) => role === 'follower')));
      await a!.resign();
      await ticked('b', 3);
      await firstValueFrom(a!.standing.pipe(filter(({ role }) => role === 'follower')));
      await b!.stop();
      const before = ticks.filter(({ who }) => who === 'a').length;
      await ticked('a', before + 3);
      await a!.stop();
      const count = ticks.length;
      for (const each of crons) each.unsubscribe();
      expect(ticks).toHaveLength(count);
      expect(ticks.every(({ current }) => current)).toBe(true);
      // aaa bbb aaa: three runs of one name each
      const runs = ticks.filter(({ who }, index) => who !== ticks[index - 1]?.who);
      expect(runs.map(({ who }) => who)).toEqual(['a', 'b', 'a']);
    },
  },
  {
    // A poll came 30 s after the key was free
    title: 'who has resigned leads again when the next one has left, however short that term was',
    // Where observers see the last state only, a whole term can go unseen between two looks
    async play(place) {
      const [a, b] = place.clients(2);
      const [first, second] = [a!.election('job'), b!.election('job')];
      first.start();
      await firstValueFrom(first.acquired);
      second.start();
      await firstValueFrom(second.standing.pipe(filter(({ role }) => role === 'follower')));
      const won = firstValueFrom(second.acquired);
      await first.resign();
      await won;
      await second.stop();
      // The second renewal comes when two thirds of the TTL are over, or later.
      const late = renewals(a!, 2).then(() => 'stands back');
      const again = firstValueFrom(first.acquired).then(() => 'leads');
      expect(await Promise.race([again, late])).toBe('leads');
    },
  },
  {
    // DestroySession of one that leads: the loop sometimes took the lock again
    title: 'who closes gives its key to the next and never leads again',
    async play(place) {
      const [a, b] = place.clients(2);
      const [first, second] = [a!.election('job'), b!.election('job')];
      const log: string[] = [];
      first.acquired.subscribe(() => log.push('acquired'));
      first.released.subscribe(({ reason }) => {
        log.push(reason);
        // as the loop of the README does
        expect(() => first.start()).toThrow('closed');
      });
      first.start();
      await firstValueFrom(first.acquired);
      second.start();
      await firstValueFrom(second.standing.pipe(filter(({ role }) => role === 'follower')));
      const won = firstValueFrom(second.acquired);
      await a!.close();
      expect((await won).isCurrent()).toBe(true);
      expect(log).toEqual(['acquired', 'closed']);
      expect(first.term).toBeUndefined();
    },
  },
  {
    // DestroySession of one that waits: it made a new session and could win
    title: 'who leaves while it waits never leads, also when the key is let go at that moment',
    async play(place) {
      const [a, b, c] = place.clients(3);
      const term = await a!.lock('job').acquire();
      const election = b!.election('job');
      let acquired = 0;
      let sessions = 0;
      election.acquired.subscribe(() => (acquired += 1));
      b!.session.on('opened', () => (sessions += 1));
      election.start();
      await firstValueFrom(election.standing.pipe(filter(({ role }) => role === 'follower')));
      await Promise.all([election.stop(), term.release(), election.stop()]);
      // Anything b still had in the queue would be in the way.
      const next = await c!.lock('job').acquire();
      await next.release();
      expect({ acquired, sessions, term: election.term }).toEqual({
        acquired: 0,
        sessions: 1,
        term: undefined,
      });
    },
  },
  {
    // The session was renewed only after a win
    title: 'who waits for longer than its TTL is still alive, and wins with the session that it waited with',
    async play(place) {
      const a = place.client();
      const b = place.client({ ttlMs: place.renewedTtlMs });
      let sessions = 0;
      b.session.on('opened', () => (sessions += 1));
      const term = await a.lock('job').acquire();
      const waiting = b.lock('job').acquire();
      await renewals(b, 4);
      await term.release();
      expect((await waiting).token).toBeGreaterThan(term.token);
      expect(sessions).toBe(1);
    },
  },
  {
    // Two calls on one object both took the lock for theirs
    title: 'two candidates of one process exclude each other, though they share its session',
    async play(place) {
      const tenure = place.client();
      const [one, other] = [tenure.election('job'), tenure.election('job')];
      one.start();
      const { token } = await firstValueFrom(one.acquired);
      other.start();
      await firstValueFrom(other.standing.pipe(filter(({ role }) => role === 'follower')));
      expect(other.term).toBeUndefined();
      await one.stop();
      expect((await firstValueFrom(other.acquired)).token).toBeGreaterThan(token);
    },
  },
  {
    // The key kept the value of who had held it, and no API told the two apart
    title: 'nobody is shown as the holder after a release or a death, whatever is left in the store',
    async play(place) {
      const { tenure, die } = place.mortal();
      const b = place.client();
      const nobody = () => firstValueFrom(b.observe('job').pipe(filter((leader) => leader === undefined)));
      await (await tenure.lock('job').acquire()).release();
      await nobody();
      expect(await b.leaders()).toEqual([]);
      await tenure.lock('job').acquire();
      expect(await b.leaders()).toHaveLength(1);
      die();
      await nobody();
      expect(await b.leaders()).toEqual([]);
    },
  },
  {
    // No number could tell a past leader from the present one
    title: 'the token rises across release, expiry, eviction by force and restart',
    async play(place) {
      const candidate = { id: 'node-1', reclaim: true };
      const tokens: bigint[] = [];
      const take = async (term: Term | undefined): Promise<Term> => {
        tokens.push(term!.token);
        return term!;
      };
      const a = place.client();
      const b = place.client({ ttlMs: place.renewedTtlMs });
      await (await take(await a.lock('job').acquire())).release();
      await take(await a.lock('job').acquire({ renew: false, ttlMs: place.shortTtlMs }));
      const evicted = await take(await b.lock('job').acquire());
      expect(await a.evict('job', { force: true })).toBe(true);
      const before = place.mortal({ candidate, ttlMs: 60_000 });
      await take(await before.tenure.lock('job').acquire());
      before.die();
      await take(await place.client({ candidate }).lock('job').acquire());
      expect(await evicted.ended).toMatchObject({ kind: 'lost' });
      expect(tokens).toEqual(tokens.toSorted((one, other) => (one < other ? -1 : 1)));
      expect(new Set(tokens).size).toBe(5);
    },
  },
];
