import {
  AccessDeniedError,
  SessionGoneError,
  StoreUnavailableError,
  ValueTooLargeError,
} from '@tenure/core/store';
import { expect, test } from 'vitest';
import type { Connection } from '../src/connection.ts';
import { isAbsent, lock } from '../src/operation.ts';
import { Transactions } from '../src/transactions.ts';
import type { Request } from '../src/wire.ts';
import { failureOf } from './bench.ts';

interface Sent {
  readonly keys: string;
  readonly operations: readonly string[];
}

type Refusals = Readonly<Record<string, string>>;

/** An agent that refuses what touches one of these keys, for that reason, as Consul does: all of the transaction. */
function rig(refusals: Refusals, meanwhile: (sent: readonly Sent[]) => void = () => {}) {
  const sent: Sent[] = [];
  const ask = async (_lane: string, request: Request): Promise<unknown> => {
    const raw = JSON.parse(request.body ?? '') as {
      readonly KV: { readonly Verb: string; readonly Key: string };
    }[];
    const operations = raw.map(({ KV: { Verb, Key } }) => `${Verb} ${Key}`);
    sent.push({ keys: [...new Set(raw.map(({ KV }) => KV.Key))].join(' '), operations });
    meanwhile(sent);
    const Errors = raw.flatMap(({ KV: { Key } }, OpIndex) => {
      const What = refusals[Key];
      return What === undefined ? [] : [{ OpIndex, What }];
    });
    if (Errors.length > 0) return { status: 409, body: { Results: null, Errors } };
    const Results = raw.map(({ KV: { Key } }) => ({ KV: { Key, Value: null, ModifyIndex: 7 } }));
    return { status: 200, body: { Results, Errors: null } };
  };
  const transactions = new Transactions({ ask } as unknown as Connection);
  const claim = (path: string, signal = new AbortController().signal) =>
    transactions.write(path, [isAbsent(path), lock(path, 'session', 'value')], signal);
  return { sent, claim, transactions, keys: () => sent.map(({ keys }) => keys) };
}

test('what comes in one turn goes as one, and 64 operations at most', async () => {
  const { sent, claim } = rig({});
  const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => claim(`job-${index}`)));
  expect(answers.every(({ applied }) => applied)).toBe(true);
  expect(sent).toHaveLength(2);
  expect(Math.max(...sent.map(({ operations }) => operations.length))).toBeLessThanOrEqual(64);
});

test('the ones that are refused take nothing from the others, which are sent again without them', async () => {
  const { claim, keys } = rig({ b: 'failed to lock key "b", lock is already held', d: 'key "d" exists' });
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((path) => claim(path)));
  expect(answers.map(({ applied }) => applied)).toEqual([true, false, true, false]);
  expect(keys()).toEqual(['a b c d', 'a c']);
});

test('each is refused for its own reason', async () => {
  const { claim } = rig({
    delayed: 'failed to lock key "delayed" due to lock delay until later',
    gone: 'failed session check: invalid session "x"',
    closed: 'Permission denied: token lacks permission',
    strange: 'the moon is full',
  });
  const [delayed, gone, closed, strange, fine] = [
    claim('delayed'),
    failureOf(claim('gone')),
    failureOf(claim('closed')),
    failureOf(claim('strange')),
    claim('fine'),
  ];
  expect(await delayed).toEqual({ applied: false, why: 'lock-delay' });
  expect(await gone).toBeInstanceOf(SessionGoneError);
  expect(await closed).toBeInstanceOf(AccessDeniedError);
  expect(await strange).toBeInstanceOf(StoreUnavailableError);
  expect(await fine).toMatchObject({ applied: true });
});

test('one that was given up meanwhile is not sent again with the rest', async () => {
  const leaver = new AbortController();
  const { claim, keys } = rig({ taken: 'lock is already held' }, (sent) => {
    if (sent.length === 1) leaver.abort(new Error('given up'));
  });
  const left = failureOf(claim('left', leaver.signal));
  const [taken, stays] = await Promise.all([claim('taken'), claim('stays')]);
  expect([taken.applied, stays.applied]).toEqual([false, true]);
  expect((await left).message).toBe('given up');
  expect(keys()).toEqual(['left taken stays', 'stays']);
});

test('a refusal that names nobody is an error for all, and ends', async () => {
  const sent: unknown[] = [];
  const ask = async (): Promise<unknown> => {
    sent.push(1);
    return { status: 409, body: { Results: null, Errors: [{ OpIndex: 99, What: 'check' }] } };
  };
  const transactions = new Transactions({ ask } as unknown as Connection);
  const signal = new AbortController().signal;
  const outcomes = await Promise.all(
    ['a', 'b'].map((path) => failureOf(transactions.write(path, [isAbsent(path)], signal))),
  );
  for (const error of outcomes) expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(sent).toHaveLength(1);
});

test('two about one key never go together', async () => {
  const { claim, keys } = rig({});
  await Promise.all(['a', 'b', 'a'].map((path) => claim(path)));
  expect(keys()).toEqual(['a b', 'a']);
});

test('what is too large together goes one by one', async () => {
  const sent: number[] = [];
  const ask = async (_lane: string, request: Request): Promise<unknown> => {
    const count = (JSON.parse(request.body ?? '') as unknown[]).length;
    sent.push(count);
    if (count > 1) throw new ValueTooLargeError('the transaction', 2, 1);
    return { status: 200, body: { Results: null, Errors: null } };
  };
  const transactions = new Transactions({ ask } as unknown as Connection);
  const signal = new AbortController().signal;
  await Promise.all(['a', 'b', 'c'].map((path) => transactions.write(path, [isAbsent(path)], signal)));
  expect(sent).toEqual([3, 1, 1, 1]);
});

test('reads of one turn go as one', async () => {
  const { transactions, sent } = rig({});
  const signal = new AbortController().signal;
  const read = await Promise.all(['a', 'a', 'b'].map((path) => transactions.read([path], signal)));
  expect(read.map((pairs) => pairs.size > 0)).toEqual([true, true, true]);
  expect(sent).toHaveLength(1);
});
