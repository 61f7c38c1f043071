import { setImmediate } from 'node:timers/promises';
import { Controller, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { openStore } from '@tenure/core';
import type { Tenure, Term } from '@tenure/core';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  InjectTenure,
  LeaderOnly,
  SingletonCron,
  TENURE,
  TenureElections,
  TenureHealth,
  TenureModule,
} from '../src/index.ts';
import { Tally, decorated, moduleOf, start, startModule, storeUrl, work } from './apps.ts';

/** Counts the terms in which it has worked. */
function worker(runs: Tally<Term>) {
  class Worker {
    run(term: Term): Promise<void> {
      runs.add(term);
      return work(term);
    }
  }
  return Worker;
}

describe('the module', () => {
  it('provides the tenure to any module, and closes it with the application', async () => {
    class Service {
      readonly tenure: Tenure;
      constructor(tenure: Tenure) {
        this.tenure = tenure;
      }
    }
    decorated(Service);
    InjectTenure()(Service, undefined, 0);
    const inner = moduleOf({ providers: [Service] });
    const app = await startModule({ imports: [inner, TenureModule.forRoot({ store: 'memory:' })] });
    const { tenure } = app.get(Service);
    expect(app.get(TENURE)).toBe(tenure);
    await tenure.lock('invoice').run(() => Promise.resolve());
    await app.close();
    expect(() => tenure.lock('invoice')).toThrow('the tenure was closed');
  });

  it('takes its options from a factory that injects, and a store that is still being opened', async () => {
    class Config {
      readonly url = 'memory:';
    }
    const tenureModule = TenureModule.forRootAsync({
      imports: [moduleOf({ providers: [Config], exports: [Config] })],
      inject: [Config],
      useFactory: ({ url }: Config) => ({ store: openStore(url), candidate: { id: 'from the factory' } }),
    });
    const module = await Test.createTestingModule({ imports: [tenureModule] }).compile();
    onTestFinished(() => module.close());
    await module.init();
    const term = await module.get<Tenure>(TENURE).lock('invoice-of-factory').acquire();
    expect(term.candidate.id).toBe('from the factory');
    await term.release();
  });

  it('is global only where it may be', () => {
    expect(TenureModule.forRoot({ store: 'memory:' }).global).toBe(true);
    expect(TenureModule.forRoot({ store: 'memory:', isGlobal: false }).global).toBe(false);
    const useFactory = () => ({ store: 'memory:' });
    expect(TenureModule.forRootAsync({ useFactory, isGlobal: false }).global).toBe(false);
  });

  it('refuses options that make no sense', async () => {
    expect(() => TenureModule.forRoot({} as never)).toThrow('needs a store');
    expect(() => TenureModule.forRootAsync({} as never)).toThrow('needs a factory');
    const useFactory = () => ({ store: 'memory:' });
    expect(() => TenureModule.forRootAsync({ useFactory, useClass: 5 } as never)).toThrow(
      'no option "useClass"',
    );
    await expect(start({ store: 'nowhere://host' }, [])).rejects.toThrow('no store has URLs like');
    await expect(start({ store: 'memory:', ttl: 5 } as never, [])).rejects.toThrow('no option "ttl"');
  });

  it('runs methods of controllers, and of what factories and values provide, once each', async () => {
    const runs = new Tally<Term>();
    const [made, valued, shown] = [worker(runs), worker(runs), worker(runs)];
    decorated(made, { run: LeaderOnly('made') });
    decorated(valued, { run: LeaderOnly('valued') });
    decorated(shown, { run: LeaderOnly('shown') });
    Controller()(shown);
    const inner = moduleOf({
      controllers: [shown],
      providers: [
        { provide: 'made', useFactory: () => new made() },
        { provide: 'valued', useValue: new valued() },
        { provide: 'alias', useExisting: 'made' },
        { provide: 'nothing', useValue: undefined },
      ],
    });
    await startModule({ imports: [TenureModule.forRoot({ store: await storeUrl() }), inner] });
    await runs.reaches(3);
    expect(runs.all.map(({ key }) => key).toSorted()).toEqual(['made', 'shown', 'valued']);
  });

  it.each([
    ['request-scoped', Scope.REQUEST],
    ['transient', Scope.TRANSIENT],
  ])('starts no application with a decorated method of a %s provider', async (kind, scope) => {
    const terms = new Tally<Term>();
    const fine = decorated(worker(terms), { run: LeaderOnly('fine') });
    const lead = decorated(worker(terms), { run: LeaderOnly() }, { scope });
    const cron = decorated(worker(terms), { run: SingletonCron({ everyMs: 1000 }) as never }, { scope });
    for (const type of [lead, cron]) {
      await expect(start({ store: await storeUrl() }, [fine, type])).rejects.toThrow(
        `Worker.run belongs to a ${kind} provider`,
      );
    }
    expect(terms.all).toEqual([]);
  });

  it('starts no application that imports it twice', async () => {
    const [one, other] = ['one', 'other'].map((namespace) =>
      TenureModule.forRoot({ store: 'memory:', namespace }),
    );
    await expect(startModule({ imports: [one!, other!] })).rejects.toThrow(
      'TenureModule is imported 2 times',
    );
  });

  it('closes the tenure of an application that did not start', async () => {
    const store = await openStore(await storeUrl());
    let closed = 0;
    const close = store.close.bind(store);
    store.close = () => {
      closed += 1;
      return close();
    };
    const type = decorated(worker(new Tally()), { run: LeaderOnly() }, { scope: Scope.REQUEST });
    await expect(start({ store }, [type])).rejects.toThrow('request-scoped');
    expect(closed).toBe(1);
  });
});

describe('shutting down', () => {
  it('does not wait for ever for work that does not stop', async () => {
    const runs = new Tally<Term>();
    class Deaf {
      run(term: Term): Promise<void> {
        runs.add(term);
        return new Promise(() => {});
      }
    }
    decorated(Deaf, { run: LeaderOnly() });
    const app = await start({ store: await storeUrl(), graceMs: 50 }, [Deaf]);
    const term = await runs.reaches(1);
    await app.close();
    expect((await term.ended).overrun).toBe(true);
  });

  it('gives up what it leads before the server closes, and locks after that', async () => {
    const runs = new Tally<Term>();
    const seen = new Map<string, boolean>();
    let settled = false;
    let [lock, cron]: (Term | undefined)[] = [];
    class Server {
      beforeApplicationShutdown(): void {
        seen.set('lock before', lock!.isCurrent());
      }
      onApplicationShutdown(): void {
        seen.set('settled after', settled).set('work after', runs.all[0]!.isCurrent());
        seen.set('cron after', cron!.isCurrent());
      }
    }
    decorated(Server);
    class Slow {
      async run(term: Term): Promise<void> {
        runs.add(term);
        await work(term);
        for (let turns = 0; turns < 50; turns++) await setImmediate();
        settled = true;
      }
      count(): void {}
    }
    const type = decorated(Slow, { run: LeaderOnly(), count: SingletonCron('0 3 * * *') });
    const app = await start({ store: await storeUrl() }, [type, Server]);
    lock = await app.get<Tenure>(TENURE).lock('invoice').acquire();
    cron = await firstValueFrom(app.get(TenureElections).of('cron').acquired);
    const term = await runs.reaches(1);
    await app.close();
    expect(Object.fromEntries(seen)).toEqual({
      'lock before': true,
      'settled after': true,
      'work after': false,
      'cron after': false,
    });
    expect((await term.ended).reason).toBe('released');
    expect((await lock.ended).reason).toBe('closed');
  });
});

describe('health', () => {
  it('says where this replica stands, as JSON', async () => {
    const runs = new Tally<Term>();
    const type = decorated(worker(runs), { run: LeaderOnly('reports') });
    const store = await storeUrl();
    const [a, b] = [
      await start({ store, candidate: { id: 'a' } }, [type]),
      await start({ store, candidate: { id: 'b' } }, [type]),
    ];
    const { token, candidate } = await runs.reaches(1);
    const [leader, follower] = candidate.id === 'a' ? [a, b] : [b, a];
    const role = follower.get(TenureElections).of('reports').standing;
    await new Promise<void>((resolve) => {
      const seen = role.subscribe((standing) => void (standing.role === 'follower' && resolve()));
      onTestFinished(() => seen.unsubscribe());
    });
    const common = { key: 'reports', jeopardy: false, leader: candidate.id };
    expect(leader.get(TenureHealth).standings()).toEqual([
      { ...common, role: 'leader', token: String(token) },
    ]);
    expect(follower.get(TenureHealth).standing('reports')).toEqual({ ...common, role: 'follower' });
    expect(() => JSON.stringify(leader.get(TenureHealth).standings())).not.toThrow();
    expect(() => a.get(TenureHealth).standing('report')).toThrow(
      'this application has no election "report"; it has "reports"',
    );
  });
});
