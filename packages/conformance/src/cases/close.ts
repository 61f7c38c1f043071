import { ClaimLostError, SessionGoneError } from '@tenure/core/store';
import type { Granted, Held, Store, StoreSession } from '@tenure/core/store';
import { expect } from 'vitest';
import { nonce } from '../bench.ts';
import type { Bench } from '../bench.ts';
import type { Case } from '../case.ts';

interface Scene {
  readonly store: Store;
  readonly session: StoreSession;
  readonly granted: Granted;
  readonly held: Held;
}

type Verbs = Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>;

/** A session that holds one key and waits for another. */
async function scene(bench: Bench, store: Store): Promise<Scene> {
  const session = await bench.session({ store });
  await bench.grant(await bench.session(), bench.key('taken'));
  const granted = await bench.grant(session, bench.key('mine'));
  const held = await bench.wait(session, bench.key('taken'));
  return { store, session, granted, held };
}

/** Each verb once, in an order in which each has something to do. */
const verbsOf = (bench: Bench, { store, session, granted, held }: Scene): Verbs => ({
  holder: (signal) => store.holder(bench.key('mine'), signal),
  watch: (signal) => store.watch(bench.key('mine'), signal)[Symbol.asyncIterator]().next(),
  list: (signal) => store.list(bench.key(''), signal),
  renew: (signal) => session.renew(signal),
  claim: (signal) => session.claim(bench.key('free'), bench.record(), signal),
  park: (signal) => session.park(held, signal),
  announce: (signal) => session.announce(granted, bench.record('new', granted.claimId), signal),
  save: (signal) => session.save(granted, 'page 1', 1, signal),
  release: (signal) => session.release(bench.key('mine'), granted.claimId, signal),
  evict: (signal) => store.evict(bench.key('mine'), granted.token, { force: true }, signal),
  open: (signal) =>
    store.open(
      { id: nonce(), ttlMs: bench.patientTtlMs, name: bench.namespace, namespace: bench.namespace },
      signal,
    ),
  close: (signal) => session.close(signal),
});

/** What keeps a process running and may be a store's. */
const handles = (): number =>
  process.getActiveResourcesInfo().filter((kind) => /TCP|TLS|UDP|Pipe|Timeout|DNS|Http2/iu.test(kind)).length;

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

export const closeCases: readonly Case[] = [
  {
    name: 'leaves no key, no session and no handle when everything is closed',
    alone: true,
    run: async (bench) => {
      const before = handles();
      const store = await bench.store();
      const session = await bench.session({ store });
      const other = await bench.session({ store });
      const granted = await bench.grant(session, bench.key());
      await bench.grant(session, bench.key('a/b'));
      const held = await bench.wait(other, bench.key());
      const leave = new AbortController();
      const ended = failure(other.park(held, leave.signal));
      const watch = store.watch(bench.key(), leave.signal)[Symbol.asyncIterator]();
      await watch.next();
      const next = failure(watch.next());
      await session.release(bench.key(), granted.claimId, bench.signal);
      leave.abort(new Error('enough'));
      await bench.soon(Promise.all([ended, next]), 'the end of a park and a watch');
      await session.close(bench.signal);
      await other.close(bench.signal);
      const left = await bench.options.leftovers?.(bench.namespace, bench.requestIds);
      expect(left ?? []).toEqual([]);
      await store.close();
      await bench.eventually(async () => {
        expect(handles()).toBeLessThanOrEqual(before);
      });
    },
  },
  {
    name: 'resolves when a session and a store are closed twice',
    run: async (bench) => {
      const store = await bench.store();
      const session = await bench.session({ store });
      await session.close(bench.signal);
      await session.close(bench.signal);
      await store.close();
      await store.close();
    },
  },
  {
    name: 'ends every verb that is asked with an aborted signal at once, with its reason and without effect',
    run: async (bench) => {
      const store = await bench.store();
      const stage = await scene(bench, store);
      const reason = new Error('too late');
      for (const [verb, ask] of Object.entries(verbsOf(bench, stage))) {
        expect(
          await bench.soon(failure(ask(AbortSignal.abort(reason))), `${verb} with an aborted signal`),
        ).toBe(reason);
      }
      expect((await store.holder(bench.key('mine'), bench.signal))?.token).toBe(stage.granted.token);
      expect(await store.holder(bench.key('free'), bench.signal)).toBeUndefined();
      expect((await stage.session.renew(bench.signal)).news).toEqual([]);
    },
  },
  {
    name: 'ends every verb at once whose signal aborts while the server is silent, and works again after',
    needs: ['target'],
    run: async (bench) => {
      const proxy = await bench.proxy();
      const stage = await scene(bench, await bench.store(proxy));
      proxy.blackHole();
      for (const [verb, ask] of Object.entries(verbsOf(bench, stage))) {
        const leave = new AbortController();
        const ended = failure(ask(leave.signal));
        await bench.pass(20);
        leave.abort(new Error('no answer came'));
        const error = await bench.soon(ended, `the end of ${verb}`);
        // A park may wake for nothing.
        if (verb !== 'park') expect(error, `${verb} must not succeed nor be refused`).toBeInstanceOf(Error);
        expect(error instanceof SessionGoneError || error instanceof ClaimLostError).toBe(false);
      }
      expect(stage.session.gone.aborted).toBe(false);
      proxy.reset();
      await proxy.pass();
      const fresh = await bench.insist(() => bench.session({ store: stage.store }));
      await bench.insist(() => bench.grant(fresh, bench.key('after')));
    },
  },
  {
    name: 'takes a server that cannot be reached for unknown: never for a lost session or claim',
    needs: ['target'],
    run: async (bench) => {
      const proxy = await bench.proxy();
      const stage = await scene(bench, await bench.store(proxy));
      await proxy.refuse();
      // Not those that end something: they may be applied later still, and rightly.
      const verbs = Object.entries(verbsOf(bench, stage));
      for (const [verb, ask] of verbs.filter(([name]) => !['release', 'evict', 'close'].includes(name))) {
        const leave = new AbortController();
        const ended = failure(ask(leave.signal));
        await bench.within(ended, 500, 'a failure').catch(() => {});
        leave.abort(new Error('no answer came'));
        const error = await bench.soon(ended, `the end of ${verb}`);
        // Only a park may end well: asking again then fails.
        if (verb !== 'park') expect(error, `what ${verb} rejects with`).toBeInstanceOf(Error);
        expect(error instanceof SessionGoneError || error instanceof ClaimLostError).toBe(false);
      }
      expect(stage.session.gone.aborted).toBe(false);
      await proxy.pass();
      await bench.insist(() => stage.session.renew(bench.signal));
      const shown = await bench.insist(() => stage.store.holder(bench.key('mine'), bench.signal));
      expect(shown?.token).toBe(stage.granted.token);
    },
  },
  {
    name: 'leaves no connection when it is closed',
    needs: ['target'],
    run: async (bench) => {
      const proxy = await bench.proxy();
      const stage = await scene(bench, await bench.store(proxy));
      const parked = failure(stage.session.park(stage.held, bench.signal));
      expect(proxy.open).toBeGreaterThan(0);
      await stage.session.close(bench.signal);
      await stage.store.close();
      await bench.eventually(async () => {
        expect(proxy.open).toBe(0);
      });
      await bench.soon(parked, 'the end of a park whose store was closed');
    },
  },
];
