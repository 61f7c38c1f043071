import { describe, expect, it } from 'vitest';
import { AccessDeniedError, StoreUnavailableError } from '@tenure/core';
import type { Store } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import { deriveTiming, later, systemClock } from '@tenure/core/store';
import type { StoreSession } from '@tenure/core/store';
import { observing } from '../src/doctor/observing.ts';
import { Patient } from '../src/doctor/patient.ts';
import { Rounds } from '../src/doctor/rounds.ts';
import { server } from '../src/doctor/server.ts';

const TTL_MS = 2000;

/** The same, but for some of its verbs. */
function but<T extends object>(whole: T, parts: Partial<T>): T {
  return new Proxy(whole, {
    get(target, name) {
      if (name in parts) return parts[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const patientOf = (store: Store): Patient =>
  new Patient(
    store,
    deriveTiming(TTL_MS, {}, store),
    (name) => ({ namespace: 'test', name }),
    new AbortController().signal,
  );

/** A store whose sessions differ in some verbs. */
function withSessions(parts: (session: StoreSession) => Partial<StoreSession>): Store {
  const store = memory();
  return but(store, {
    open: async (request, signal) => {
      const session = await store.open(request, signal);
      return but(session, parts(session));
    },
  });
}

const refuse = async (): Promise<never> => {
  throw new AccessDeniedError('permission denied for table locks');
};

const clockOf = async (aheadMs: number, clock: 'wall' | 'monotonic') => {
  const store = memory();
  const patient = patientOf(
    but(store, {
      traits: { ...store.traits, clock },
      checkup: async () => ({
        product: 'Some 1.0',
        serverTimeMs: systemClock.now().wallMs + aheadMs,
        findings: [{ level: 'warning', text: 'It runs on one disk.' }],
      }),
    }),
  );
  return server(patient);
};

describe('the doctor', () => {
  it('warns where a verb takes longer than a tenth of what is borne, and says which TTL would do', async () => {
    const slow = withSessions((session) => ({
      claim: async (...args) => {
        await new Promise<void>((resolve) => systemClock.alarm(later(systemClock.now(), 40), resolve));
        return session.claim(...args);
      },
    }));
    const latency = (await new Rounds(patientOf(slow)).run()).find(({ check }) => check === 'latency');
    // 250 ms are borne: three eighths of a third of the TTL.
    expect(latency).toMatchObject({ level: 'warning', fields: { patienceMs: 250 } });
    expect(latency!.text).toMatch(/^claim takes \d+ ms .* Give --ttl [4-9]s or more/u);
    const quick = (await new Rounds(patientOf(memory())).run()).find(({ check }) => check === 'latency');
    expect(quick!.level).toBe('good');
  });

  it('names each verb that is refused, and goes on with the others', async () => {
    const found = await new Rounds(patientOf(withSessions(() => ({ announce: refuse, save: refuse })))).run();
    expect(found.map(({ check, level, code }) => [check, level, code])).toEqual([
      ['reach', 'good', undefined],
      ['announce', 'bad', 77],
      ['save', 'bad', 77],
    ]);
    expect(found[1]!.text).toContain('permission denied for table locks. Check user and password');
  });

  it('takes a user who may not observe or evict for one who can be elected all the same', async () => {
    const store = but(memory(), { list: refuse, evict: refuse });
    const found = await observing(patientOf(store));
    expect(found.map(({ check, level }) => [check, level])).toEqual([
      ['watch', 'good'],
      ['list', 'warning'],
      ['evict', 'warning'],
    ]);
  });

  it('knows a store that is not there, and asks nothing more of it', async () => {
    const rounds = new Rounds(
      patientOf(
        but(memory(), {
          open: async () => {
            throw new StoreUnavailableError('connect ECONNREFUSED');
          },
        }),
      ),
    );
    expect(await rounds.run()).toMatchObject([{ check: 'open', level: 'bad', code: 69 }]);
    expect(rounds.isUnreachable).toBe(true);
  });

  it('finds tokens that do not rise', async () => {
    const stuck = withSessions((session) => ({
      claim: async (...args) => ({ ...(await session.claim(...args)), token: 7n }) as never,
      announce: async () => {},
      save: async () => {},
    }));
    expect((await new Rounds(patientOf(stuck)).run()).find(({ check }) => check === 'token')).toMatchObject({
      level: 'bad',
      code: 1,
    });
  });

  it("minds a clock that differs by more than the margin, if the store's sessions end by it", async () => {
    const [, wall] = await clockOf(3_600_000, 'wall');
    expect(wall).toMatchObject({ check: 'clock', level: 'warning' });
    expect(wall!.text).toContain("The server's clock is 1h");
    expect(wall!.text).toContain('No term depends on the difference');
    expect((await clockOf(-3_600_000, 'monotonic'))[1]).toMatchObject({ check: 'clock', level: 'good' });
    expect((await clockOf(0, 'wall'))[1]).toMatchObject({ check: 'clock', level: 'good' });
  });

  it('passes on what the server says of itself', async () => {
    const [product, , told] = await clockOf(0, 'wall');
    expect(product!.text).toBe('The server is Some 1.0');
    expect(told).toEqual({ check: 'server', level: 'warning', text: 'It runs on one disk.' });
  });
});
