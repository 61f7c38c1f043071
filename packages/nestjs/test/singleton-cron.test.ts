import type { INestApplicationContext } from '@nestjs/common';
import type { Job } from '@tenure/scheduler';
import { describe, expect, it } from 'vitest';
import { LeaderOnly, SingletonCron, TenureElections } from '../src/index.ts';
import { Tally, decorated, logged, start, storeUrl } from './apps.ts';

type Run = Parameters<Job>[0];

describe('a cron method', () => {
  it.each([
    ['by a cron text', '* * * * * *'],
    ['by milliseconds', { everyMs: 500 }],
  ])('runs each tick on one replica, %s, and on the other when that one is closed', async (_how, when) => {
    const store = await storeUrl();
    const runs = new Tally<{ readonly id: number; readonly tick: string; readonly token: bigint }>();
    const apps: INestApplicationContext[] = [];
    for (let id = 0; id < 2; id++) {
      class Reports {
        count({ scheduledAt, token }: Run): void {
          runs.add({ id, tick: scheduledAt.toISOString(), token });
        }
      }
      apps.push(await start({ store }, [decorated(Reports, { count: SingletonCron(when) })]));
    }
    const { id } = await runs.reaches(2);
    await apps[id]!.close();
    const closedAt = runs.all.length;
    await runs.reaches(closedAt + 2);
    expect(new Set(runs.all.map(({ tick }) => tick)).size).toBe(runs.all.length);
    expect(runs.all.slice(0, closedAt).map((each) => each.id)).toEqual(Array(closedAt).fill(id));
    expect(runs.all.slice(closedAt).map((each) => each.id)).toEqual(
      Array(runs.all.length - closedAt).fill(1 - id),
    );
    expect(runs.all.at(-1)!.token > runs.all[0]!.token).toBe(true);
  });

  it('that fails is logged, and runs again at the next tick', async () => {
    const runs = new Tally<Run>();
    class Broken {
      count(run: Run): void {
        runs.add(run);
        throw new Error(`no ${runs.all.length}`);
      }
    }
    decorated(Broken, { count: SingletonCron({ everyMs: 100 }, { name: 'the count', key: 'reports' }) });
    const app = await start({ store: await storeUrl() }, [Broken]);
    await runs.reaches(2);
    expect(app.get(TenureElections).keys).toEqual(['reports']);
    await app.close();
    expect(logged).toContainEqual(
      expect.stringMatching(/^error the count, due at .*Z, failed: Error: no 1/u),
    );
  });

  it('whose options make no sense keeps the application from starting', async () => {
    class Odd {
      count(): void {}
    }
    decorated(Odd, { count: SingletonCron('every day') });
    await expect(start({ store: await storeUrl() }, [Odd])).rejects.toThrow('every day');
  });

  it('shares no key with a leader-only method', async () => {
    class Both {
      count(): void {}
      lead(): void {}
    }
    decorated(Both, { count: SingletonCron('* * * * *'), lead: LeaderOnly('cron') });
    await expect(start({ store: await storeUrl() }, [Both])).rejects.toThrow(
      '@LeaderOnly Both.lead and @SingletonCron Both.count have the same key "cron"',
    );
  });

  it('needs to know when', () => {
    expect(() => SingletonCron(5 as never)).toThrow(
      'needs a cron text such as "0 3 * * *", or { everyMs }, got 5',
    );
  });
});
