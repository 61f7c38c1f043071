import { decodeRecord, encodeRecord, InvalidArgumentError, ValueTooLargeError } from '@tenure/core/store';
import type { ClaimRecord } from '@tenure/core/store';
import { expect } from 'vitest';
import type { Bench } from '../bench.ts';
import { expectRefused } from '../bench.ts';
import type { Case } from '../case.ts';

/** Names that one store or another would take for syntax, its own keys, or parts of each other. */
const NAMES = [
  'a a/b ab a/ /a // a//b A %2F a%2Fb % a% %00 a+b a?b=c&d a#b a\\b a*b a_b [a] {a} a\'b a"b'.split(' '),
  '. .. .hidden ../a a/../b .lock a/.lock .checkpoint .checkpoint/a .asked a/.asked'.split(' '),
  ['with space', ' leading', 'trailing ', 'tab\tand\nline', 'ünïcödé', 'u\u0308', 'ü', '選挙', '🗳️'],
  ['x'.repeat(200)],
].flat();

/** A record whose encoding takes exactly so many bytes. */
function recordOf(bench: Bench, bytes: number, filler = 'x'): ClaimRecord {
  const record = bench.record('');
  const emptyBytes = Buffer.byteLength(encodeRecord(record));
  const fillerBytes = Buffer.byteLength(filler);
  const leftBytes = bytes - emptyBytes;
  const metadata = filler.repeat(Math.floor(leftBytes / fillerBytes)) + 'x'.repeat(leftBytes % fillerBytes);
  return { ...record, metadata };
}

async function expectTooLarge(verb: Promise<unknown>): Promise<void> {
  const error: unknown = await verb.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(
    error instanceof ValueTooLargeError || error instanceof InvalidArgumentError,
    `not ${String(error)}`,
  ).toBe(true);
}

export const recordCases: readonly Case[] = [
  {
    name: 'keeps keys of any name apart: in claim, holder, list, release and checkpoint',
    run: async (bench) => {
      const session = await bench.session();
      const store = await bench.store();
      const tokens = new Map<string, bigint>();
      for (const name of NAMES) {
        const granted = await bench.grant(session, bench.key(name));
        expect(granted.checkpoint, `under ${name}`).toBeUndefined();
        await session.save(granted, `of ${name}`, 1, bench.signal);
        tokens.set(name, granted.token);
      }
      const listed = await store.list(bench.key(''), bench.signal);
      expect(new Map(listed.map(({ key, token }) => [key, token]))).toEqual(tokens);
      for (const name of NAMES) {
        expect(await store.holder(bench.key(name), bench.signal)).toMatchObject({
          key: name,
          token: tokens.get(name),
        });
        const under = await store.list(bench.key(name), bench.signal);
        const expected = NAMES.filter((other) => other.startsWith(name));
        expect(under.map(({ key }) => key).toSorted(), `under ${name}`).toEqual(expected.toSorted());
      }
    },
  },
  {
    name: 'leaves the other keys alone when one of any name is released, watched and claimed again',
    run: async (bench) => {
      const session = await bench.session();
      const store = await bench.store();
      const quiet = bench.watch(store, bench.key('a'));
      const first = await bench.grant(session, bench.key('a'));
      await bench.soon(quiet.untilToken(first.token), 'the grant of a');
      const toldOfA = quiet.seen.length;
      for (const name of NAMES.filter((other) => other !== 'a')) {
        const granted = await bench.grant(session, bench.key(name));
        await session.release(bench.key(name), granted.claimId, bench.signal);
      }
      expect((await store.list(bench.key(''), bench.signal)).map(({ key }) => key)).toEqual(['a']);
      await session.announce(first, { ...bench.record('last', first.claimId) }, bench.signal);
      await bench.soon(
        quiet.until((latest) => latest?.value.includes('last') === true),
        'the announcement of a',
      );
      expect(quiet.seen.slice(toldOfA - 1).every((holder) => holder?.token === first.token)).toBe(true);
    },
  },
  {
    name: 'keeps namespaces apart, also where one is a prefix of another',
    run: async (bench) => {
      const session = await bench.session();
      const store = await bench.store();
      const near = { namespace: `${bench.namespace}2`, name: 'job' };
      const a = await bench.grant(session, bench.key());
      const other = await bench.session({ namespace: near.namespace });
      const b = await bench.grant(other, near);
      expect((await store.list(bench.key(''), bench.signal)).map(({ token }) => token)).toEqual([a.token]);
      expect((await store.list({ ...near, name: '' }, bench.signal)).map(({ token }) => token)).toEqual([
        b.token,
      ]);
      await other.release(near, b.claimId, bench.signal);
      expect((await store.holder(bench.key(), bench.signal))?.token).toBe(a.token);
    },
  },
  {
    name: 'shows the record as it was written, also with metadata of every kind',
    run: async (bench) => {
      const session = await bench.session();
      const store = await bench.store();
      const metadata = { text: 'zwölf "Boxkämpfer" 🥊\n', list: [1, null, true, ['']], nothing: {}, '': 0.5 };
      const record = bench.record(metadata);
      await bench.grant(session, bench.key(), record);
      const shown = await store.holder(bench.key(), bench.signal);
      expect(decodeRecord(shown?.value ?? '')).toMatchObject(record);
    },
  },
  {
    name: 'shows what the holder announces to holder, list and watch, under the same token',
    run: async (bench) => {
      const session = await bench.session();
      const store = await bench.store();
      const record = bench.record('before');
      const granted = await bench.grant(session, bench.key(), record);
      const watcher = bench.watch(store, bench.key());
      await bench.soon(watcher.untilToken(granted.token), 'the grant');
      for (const metadata of ['after', 'after', 'much later']) {
        const announced = { ...record, metadata };
        await session.announce(granted, announced, bench.signal);
        const shown = await store.holder(bench.key(), bench.signal);
        expect(shown?.token).toBe(granted.token);
        expect(decodeRecord(shown?.value ?? '')).toMatchObject(announced);
        expect(await store.list(bench.key(''), bench.signal)).toEqual([shown]);
        await bench.soon(
          watcher.until((latest) => latest?.value.includes(metadata) === true),
          'the announcement',
        );
        expect(watcher.seen.at(-1)?.token).toBe(granted.token);
      }
      expect((await bench.grant(session, bench.key(), record)).token).toBe(granted.token);
      await session.release(bench.key(), granted.claimId, bench.signal);
      await expectRefused(session.announce(granted, record, bench.signal));
      expect(await store.holder(bench.key(), bench.signal)).toBeUndefined();
    },
  },
  {
    name: 'takes records and checkpoints of exactly the size it promises, counted in bytes',
    run: async (bench) => {
      const session = await bench.session();
      const store = await bench.store();
      const { maxValueBytes } = store.traits;
      for (const filler of ['x', 'ü', '🗳']) {
        const record = recordOf(bench, maxValueBytes, filler);
        const granted = await bench.grant(session, bench.key(filler), record);
        const shown = await store.holder(bench.key(filler), bench.signal);
        expect(decodeRecord(shown?.value ?? '')?.metadata === record.metadata, 'the same metadata').toBe(
          true,
        );
        await session.announce(granted, record, bench.signal);
        const width = Buffer.byteLength(filler);
        const saved = filler.repeat(Math.floor(maxValueBytes / width)) + 'x'.repeat(maxValueBytes % width);
        await session.save(granted, saved, 1, bench.signal);
        await session.release(bench.key(filler), granted.claimId, bench.signal);
        const next = await bench.grant(session, bench.key(filler));
        expect(next.checkpoint === saved, 'the same checkpoint').toBe(true);
        await session.release(bench.key(filler), next.claimId, bench.signal);
      }
    },
  },
  {
    name: 'refuses a record or checkpoint over its limit before anything is lost',
    run: async (bench) => {
      const session = await bench.session();
      const store = await bench.store();
      const overBytes = store.traits.maxValueBytes + 1;
      await expectTooLarge(session.claim(bench.key(), recordOf(bench, overBytes), bench.signal));
      const record = bench.record('small');
      const granted = await bench.grant(session, bench.key(), record);
      await session.save(granted, 'kept', 1, bench.signal);
      const { metadata = null } = recordOf(bench, overBytes + 64);
      await expectTooLarge(session.announce(granted, { ...record, metadata }, bench.signal));
      await expectTooLarge(session.save(granted, 'ü'.repeat(Math.ceil(overBytes / 2)), 2, bench.signal));
      const shown = await store.holder(bench.key(), bench.signal);
      expect(shown?.token).toBe(granted.token);
      expect(decodeRecord(shown?.value ?? '')).toMatchObject(record);
      expect((await session.renew(bench.signal)).news).toEqual([]);
      await session.release(bench.key(), granted.claimId, bench.signal);
      expect((await bench.grant(session, bench.key())).checkpoint).toBe('kept');
    },
  },
];
