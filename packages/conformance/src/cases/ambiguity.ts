import type { StoreSession } from '@tenure/core/store';
import { expect } from 'vitest';
import { nonce } from '../bench.ts';
import type { Bench } from '../bench.ts';
import type { Case } from '../case.ts';
import { lossy } from '../fault.ts';
import type { Lossy, Loss } from '../fault.ts';

interface Play {
  readonly bench: Bench;
  readonly line: Lossy;
  readonly session: StoreSession;
}

/** Each is played twice: the answer is lost with its connection, or does not come until the caller gives up. */
const plays: readonly { readonly name: string; readonly run: (play: Play) => Promise<void> }[] = [
  {
    name: 'a claim that won: repeated, it is the same grant, with one record and no ghost',
    run: async ({ bench, line, session }) => {
      const record = bench.record();
      const hint = { verb: 'claim', key: bench.key(), claimId: record.claimId } as const;
      await line.unanswered(hint, (signal) => session.claim(bench.key(), record, signal));
      const granted = await bench.insist(() => bench.grant(session, bench.key(), record));
      expect((await bench.grant(session, bench.key(), record)).token).toBe(granted.token);
      const listed = await (await bench.store()).list(bench.key(''), bench.signal);
      expect(listed.map(({ token }) => token)).toEqual([granted.token]);
      await session.release(bench.key(), granted.claimId, bench.signal);
      await bench.grant(await bench.session(), bench.key());
    },
  },
  {
    name: 'a claim that won and is given up: released by its claim id, it leaves no ghost',
    run: async ({ bench, line, session }) => {
      const record = bench.record();
      const hint = { verb: 'claim', key: bench.key(), claimId: record.claimId } as const;
      await line.unanswered(hint, (signal) => session.claim(bench.key(), record, signal));
      await bench.insist(() => session.release(bench.key(), record.claimId, bench.signal));
      await bench.grant(await bench.session(), bench.key());
    },
  },
  {
    name: 'a claim that was held off: repeated, it waits once and wins once',
    run: async ({ bench, line, session }) => {
      const holder = await bench.session();
      const granted = await bench.grant(holder, bench.key());
      const record = bench.record();
      const hint = { verb: 'claim', key: bench.key(), claimId: record.claimId } as const;
      await line.unanswered(hint, (signal) => session.claim(bench.key(), record, signal));
      await bench.insist(() => bench.wait(session, bench.key(), record));
      await holder.release(bench.key(), granted.claimId, bench.signal);
      const won = await bench.win(session, bench.key(), record);
      await session.release(bench.key(), won.claimId, bench.signal);
      await bench.grant(holder, bench.key());
    },
  },
  {
    name: 'a release: repeated, it does no harm to who has won the key since',
    run: async ({ bench, line, session }) => {
      const { claimId } = await bench.grant(session, bench.key());
      await line.unanswered({ verb: 'release', key: bench.key(), claimId }, (signal) =>
        session.release(bench.key(), claimId, signal),
      );
      const heir = await bench.session();
      const record = bench.record();
      await heir.claim(bench.key(), record, bench.signal);
      await bench.insist(() => session.release(bench.key(), claimId, bench.signal));
      const granted = await bench.win(heir, bench.key(), record);
      await session.release(bench.key(), claimId, bench.signal);
      expect((await bench.grant(heir, bench.key(), record)).token).toBe(granted.token);
    },
  },
  {
    name: 'an announcement: repeated, it is shown under the same token',
    run: async ({ bench, line, session }) => {
      const record = bench.record('before');
      const granted = await bench.grant(session, bench.key(), record);
      const announced = { ...record, metadata: 'after' };
      const hint = { verb: 'announce', key: bench.key(), claimId: record.claimId } as const;
      await line.unanswered(hint, (signal) => session.announce(granted, announced, signal));
      await bench.insist(() => session.announce(granted, announced, bench.signal));
      const shown = await (await bench.store()).holder(bench.key(), bench.signal);
      expect(shown?.token).toBe(granted.token);
      expect(shown?.value).toContain('after');
      expect((await bench.insist(() => session.renew(bench.signal))).news).toEqual([]);
    },
  },
  {
    name: 'a save: repeated, and followed by the next, the last one counts',
    run: async ({ bench, line, session }) => {
      const granted = await bench.grant(session, bench.key());
      await session.save(granted, 'page 1', 1, bench.signal);
      const hint = { verb: 'save', key: bench.key(), claimId: granted.claimId } as const;
      await line.unanswered(hint, (signal) => session.save(granted, 'page 2', 2, signal));
      await bench.insist(() => session.save(granted, 'page 2', 2, bench.signal));
      await bench.insist(() => session.save(granted, 'page 3', 3, bench.signal));
      await session.release(bench.key(), granted.claimId, bench.signal);
      expect((await bench.grant(await bench.session(), bench.key())).checkpoint).toBe('page 3');
    },
  },
  {
    name: 'the end of a session: repeated, it resolves, and the key is free',
    run: async ({ bench, line, session }) => {
      await bench.grant(session, bench.key());
      await line.unanswered({ verb: 'close' }, (signal) => session.close(signal));
      await bench.insist(() => session.close(bench.signal));
      await bench.win(await bench.session(), bench.key(), bench.record());
    },
  },
  {
    name: 'an eviction by force: repeated, it does not hit who has won the key since',
    run: async ({ bench, line }) => {
      const granted = await bench.grant(await bench.session(), bench.key());
      const evict = (signal: AbortSignal): Promise<boolean> =>
        line.store.evict(bench.key(), granted.token, { force: true }, signal);
      await line.unanswered({ verb: 'evict', key: bench.key() }, evict);
      const heir = await bench.session();
      const record = bench.record();
      // Where the store reads before it writes, the lost answer may have been that of the read.
      await heir.claim(bench.key(), record, bench.signal);
      await bench.insist(() => evict(bench.signal));
      const won = await bench.win(heir, bench.key(), record);
      expect(await bench.insist(() => evict(bench.signal))).toBe(false);
      expect((await bench.grant(heir, bench.key(), record)).token).toBe(won.token);
    },
  },
];

const lossCases = (loss: Loss): readonly Case[] => [
  ...plays.map(({ name, run }) => ({
    name: `survives that the answer ${loss} to ${name}`,
    run: async (bench: Bench): Promise<void> => {
      const line = await lossy(bench, loss);
      await run({ bench, line, session: await bench.session({ store: line.store }) });
    },
  })),
  {
    name: `survives that the answer ${loss} to an open: repeated, it is one working session, adopted if it was there`,
    run: async (bench) => {
      const line = await lossy(bench, loss);
      const { store } = line;
      const requestId = bench.requestId();
      const request = {
        id: requestId,
        ttlMs: bench.patientTtlMs,
        name: bench.namespace,
        namespace: bench.namespace,
      };
      await line.unanswered({ verb: 'open', requestId }, (signal) => store.open(request, signal));
      const session = await bench.insist(() => bench.session({ store, requestId }));
      const left = await bench.options.leftovers?.(bench.namespace, [requestId]);
      if (left?.length === 1) expect(session.adopted, 'adopted').toBe(true);
      await bench.insist(() => session.renew(bench.signal));
      await bench.grant(session, bench.key());
      await bench.wait(await bench.session(), bench.key());
    },
  },
];

export const ambiguityCases: readonly Case[] = [
  ...lossCases('breaks'),
  ...lossCases('hangs'),
  {
    name: 'does not call a session new that has spent a part of its TTL already',
    run: async (bench) => {
      const line = await lossy(bench, 'breaks');
      const { store } = line;
      const { ttlMs } = bench.options;
      const requestId = bench.requestId();
      const request = { id: requestId, ttlMs, name: bench.namespace, namespace: bench.namespace };
      await line.unanswered({ verb: 'open', requestId }, (signal) => store.open(request, signal));
      await bench.pass(ttlMs * 0.6);
      const session = await bench.insist(() => bench.session({ store, requestId, ttlMs }));
      // An adopted one promises nothing before a renewal; a new one lives a whole TTL.
      if (session.adopted) await bench.insist(() => session.renew(bench.signal));
      await bench.pass(ttlMs * 0.7);
      await bench.grant(session, bench.key());
    },
  },
  {
    name: 'makes another session, or adopts one, when a request id is asked for by another client',
    run: async (bench) => {
      const requestId = nonce();
      bench.requestIds.push(requestId);
      const first = await bench.session({ requestId });
      const second = await bench.session({ requestId });
      expect(second.adopted).toBe(second.id === first.id);
      await second.renew(bench.signal);
      await bench.grant(second, bench.key());
    },
  },
];
