import type { INestApplicationContext } from '@nestjs/common';
import type { Term } from '@tenure/core';
import { systemClock } from '@tenure/core/store';
import type { Clock } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { LeaderOnly, TenureElections } from '../src/index.ts';
import type { LeaderOnlyOptions, TenureModuleOptions } from '../src/index.ts';
import { Tally, decorated, logged, start, storeUrl, work } from './apps.ts';

type Method = (id: number, term: Term) => Promise<void>;

/** Replicas of an application with that leader-only method, and where it has run. */
async function replicas(
  count: number,
  method: Method,
  options?: LeaderOnlyOptions,
  tenure: Partial<TenureModuleOptions> = {},
): Promise<{
  readonly apps: readonly INestApplicationContext[];
  readonly runs: Tally<{ id: number; term: Term }>;
}> {
  const store = await storeUrl();
  const runs = new Tally<{ id: number; term: Term }>();
  const apps: INestApplicationContext[] = [];
  for (let id = 0; id < count; id++) {
    class Reports {
      async send(term: Term): Promise<void> {
        runs.add({ id, term });
        await method(id, term);
      }
    }
    apps.push(
      await start({ store, ...tenure }, [decorated(Reports, { send: LeaderOnly(undefined, options) })]),
    );
  }
  return { apps, runs };
}

describe('a leader-only method', () => {
  it('runs on one replica, and on the other when that one is closed and has settled', async () => {
    const order: string[] = [];
    const { apps, runs } = await replicas(2, async (id, term) => {
      order.push(`${id} begins`);
      await work(term);
      order.push(`${id} has settled`);
    });
    const { id, term } = await runs.reaches(1);
    expect(term.key).toBe('Reports.send');
    await apps[id]!.close();
    const next = await runs.reaches(2);
    expect(order).toEqual([`${id} begins`, `${id} has settled`, `${1 - id} begins`]);
    expect(next.term.token > term.token).toBe(true);
    expect(next.term.isCurrent()).toBe(true);
  });

  it('that throws does not leave its replica the leader: another takes over', async () => {
    let broken: number | undefined;
    const { apps, runs } = await replicas(2, async (id, term) => {
      if (broken !== undefined) return work(term);
      broken = id;
      throw new Error('no more paper');
    });
    const first = await runs.reaches(1);
    const second = await runs.reaches(2);
    expect(second.id).toBe(1 - first.id);
    expect(first.term.isCurrent()).toBe(false);
    expect(logged).toContainEqual(expect.stringMatching(/^error Reports\.send failed.*no more paper/u));
    await apps[second.id]!.close();
    const third = await runs.reaches(3);
    expect(third.id).toBe(first.id);
  });

  it('that returns does not, either, and is run again later', async () => {
    const { runs } = await replicas(1, () => Promise.resolve(), { retryMs: 1 });
    const tokens = [await runs.reaches(1), await runs.reaches(3)].map(({ term }) => term.token);
    expect(tokens[1]! > tokens[0]!).toBe(true);
    expect(logged).toContainEqual(expect.stringMatching(/^warn Reports\.send has returned/u));
  });

  it('runs again at once on an only replica whose term was lost', async () => {
    let jumpMs = 0;
    const clock: Clock = {
      now: () => ({ ...systemClock.now(), wallMs: systemClock.now().wallMs + jumpMs }),
      alarm: ({ monoMs, wallMs }, due) => systemClock.alarm({ monoMs, wallMs: wallMs - jumpMs }, due),
    };
    const tenure = { ttlMs: 1000, clock };
    const { runs } = await replicas(1, (_id, term) => work(term), { retryMs: 3_600_000 }, tenure);
    const { term } = await runs.reaches(1);
    jumpMs = 3_600_000;
    const { term: next } = await runs.reaches(2);
    expect((await term.ended).kind).toBe('lost');
    expect(next.token > term.token).toBe(true);
  });

  it('stands again after it has resigned, and not where its candidate was stopped', async () => {
    const { apps, runs } = await replicas(2, (_id, term) => work(term));
    const first = await runs.reaches(1);
    const [one, other] = [first.id, 1 - first.id].map((id) =>
      apps[id]!.get(TenureElections).of('Reports.send'),
    );
    expect(one!.term).toBe(first.term);
    await one!.resign();
    expect((await runs.reaches(2)).id).toBe(1 - first.id);
    await other!.stop();
    expect((await runs.reaches(3)).id).toBe(first.id);
    await one!.stop();
    await Promise.all(apps.map((app) => app.close()));
    expect(runs.all).toHaveLength(3);
  });
});

describe('@LeaderOnly', () => {
  it('has a key for each method', async () => {
    const store = await storeUrl();
    class Two {
      one(term: Term): Promise<void> {
        return work(term);
      }
      other(term: Term): Promise<void> {
        return work(term);
      }
    }
    decorated(Two, { one: LeaderOnly('same'), other: LeaderOnly('same') });
    await expect(start({ store }, [Two])).rejects.toThrow(
      '@LeaderOnly Two.other and @LeaderOnly Two.one have the same key "same"',
    );
  });

  it('refuses what is no method of an instance, and options that make no sense', () => {
    const value = (): void => {};
    expect(() => LeaderOnly()(Tally, 'run', { value })).toThrow('is not static');
    expect(() => LeaderOnly()({}, Symbol('run'), { value })).toThrow('has a name');
    expect(() => LeaderOnly()({}, 'run', { value: 5 as never })).toThrow('decorate a method');
    expect(() => LeaderOnly('key', { retryMs: 0 })).toThrow('retryMs must be at least 1 millisecond, got 0');
    expect(() => LeaderOnly('key', { retry: 5 } as never)).toThrow('no option "retry"');
  });
});
