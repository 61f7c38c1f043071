import { expect } from 'vitest';
import type { Case } from '../case.ts';

export const watchCases: readonly Case[] = [
  {
    name: 'tells nobody when nobody holds the key, by holder, watch and list',
    run: async (bench) => {
      const store = await bench.store();
      expect(await store.holder(bench.key(), bench.signal)).toBeUndefined();
      expect(await store.list(bench.key(''), bench.signal)).toEqual([]);
      const watcher = bench.watch(store, bench.key());
      await bench.soon(watcher.untilToken(undefined), 'the current state');
      expect(watcher.seen).toEqual([undefined]);
    },
  },
  {
    name: 'tells an observer who holds the key already, before anything else',
    run: async (bench) => {
      const record = bench.record({ room: 7 });
      const granted = await bench.grant(await bench.session(), bench.key(), record);
      const watcher = bench.watch(await bench.store(), bench.key());
      await bench.soon(watcher.untilToken(granted.token), 'the current holder');
      expect(watcher.seen[0]).toMatchObject({ key: 'job', token: granted.token });
      expect(watcher.seen[0]?.value).toContain(record.id);
    },
  },
  {
    name: 'tells an observer of a grant, of a release and of the next grant',
    run: async (bench) => {
      const watcher = bench.watch(await bench.store(), bench.key());
      const session = await bench.session();
      await bench.soon(watcher.untilToken(undefined), 'the current state');
      for (let i = 0; i < 3; i += 1) {
        const granted = await bench.grant(session, bench.key());
        await bench.soon(watcher.untilToken(granted.token), 'the grant');
        await session.release(bench.key(), granted.claimId, bench.signal);
        await bench.soon(watcher.untilToken(undefined), 'the release');
      }
    },
  },
  {
    name: 'tells an observer that the holder has expired',
    run: async (bench) => {
      const watcher = bench.watch(await bench.store(), bench.key());
      const granted = await bench.grant(await bench.mortal(), bench.key());
      await bench.soon(watcher.untilToken(granted.token), 'the grant');
      await bench.within(watcher.untilToken(undefined), bench.expiryMs, 'the expiry');
    },
  },
  {
    name: 'never shows an observer a token below one it has shown, and always the last, through 50 quick handovers',
    run: async (bench) => {
      const watchers = [
        bench.watch(await bench.store(), bench.key()),
        bench.watch(await bench.store(), bench.key()),
      ];
      const sessions = [await bench.session(), await bench.session()] as const;
      let session = sessions[0];
      // Equal but for the claim id, so that only the token tells the terms apart.
      const { id, acquiredAt } = bench.record();
      let granted = await bench.grant(session, bench.key(), { ...bench.record('same'), id, acquiredAt });
      for (let i = 1; i <= 50; i += 1) {
        await session.release(bench.key(), granted.claimId, bench.signal);
        session = sessions[i % 2 === 0 ? 0 : 1];
        granted = await bench.grant(session, bench.key(), { ...bench.record('same'), id, acquiredAt });
      }
      const last = granted.token;
      for (const watcher of watchers) {
        await bench.soon(watcher.untilToken(last), 'the last term');
        const tokens = watcher.seen.flatMap((holder) => (holder ? [holder.token] : []));
        expect(tokens).toEqual(tokens.toSorted((a, b) => Number(a - b)));
      }
      await session.release(bench.key(), granted.claimId, bench.signal);
      for (const watcher of watchers) await bench.soon(watcher.untilToken(undefined), 'the last release');
    },
  },
  {
    name: 'tells an observer of a new term whose record equals the one before',
    run: async (bench) => {
      const watcher = bench.watch(await bench.store(), bench.key());
      const session = await bench.session();
      const record = bench.record('same');
      const first = await bench.grant(session, bench.key(), record);
      await bench.soon(watcher.untilToken(first.token), 'the first term');
      const heir = await bench.session();
      await session.release(bench.key(), first.claimId, bench.signal);
      const second = await bench.grant(heir, bench.key(), record);
      expect(second.token > first.token).toBe(true);
      await bench.soon(watcher.untilToken(second.token), 'the second term');
    },
  },
  {
    name: 'lists what is held under a prefix, whoever holds it, and nothing else',
    run: async (bench) => {
      const a = await bench.session();
      const b = await bench.session();
      const granted = new Map<string, bigint>();
      for (const name of ['report/daily', 'report/weekly', 'reporter', 'mail']) {
        const session = name === 'mail' ? b : a;
        granted.set(name, (await bench.grant(session, bench.key(name))).token);
      }
      await bench.wait(b, bench.key('reporter'));
      const store = await bench.store();
      const names = async (prefix: string): Promise<string[]> =>
        (await store.list(bench.key(prefix), bench.signal)).map(({ key }) => key).toSorted();
      expect(await names('')).toEqual(['mail', 'report/daily', 'report/weekly', 'reporter']);
      expect(await names('report')).toEqual(['report/daily', 'report/weekly', 'reporter']);
      expect(await names('report/')).toEqual(['report/daily', 'report/weekly']);
      expect(await names('mail')).toEqual(['mail']);
      expect(await names('none')).toEqual([]);
      for (const { key, token } of await store.list(bench.key(''), bench.signal))
        expect(token).toBe(granted.get(key));
    },
  },
];
