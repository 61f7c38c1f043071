import { inspect } from 'node:util';
import {
  AccessDeniedError,
  InvalidArgumentError,
  NotAppliedError,
  StoreUnavailableError,
} from '@tenure/core/store';
import { describe, expect, test } from 'vitest';
import { failure } from '../src/postgres/failure.ts';
import { channelOf, newsOf, payloadOf } from '../src/postgres/news.ts';
import { Turns } from '../src/connections/turns.ts';
import { SessionStatements } from '../src/lease/session-statements.ts';
import { dialect } from '../src/postgres/dialect.ts';
import { numbered } from '../src/postgres/statement.ts';

describe('a statement', () => {
  test('has its values by number, and question marks in names and texts stay', () => {
    const { text } = numbered({
      text: `SELECT ?, '?''?' FROM "a?""?" WHERE x = ? AND y = ?`,
      values: [1, 2, 3],
    });
    expect(text).toBe(`SELECT $1, '?''?' FROM "a?""?" WHERE x = $2 AND y = $3`);
  });

  test('is urgent when it renews a session', () => {
    const tables = { sessions: '"t sessions"', locks: '"t locks"', prefix: 't' };
    const sessions = new SessionStatements(dialect, tables);
    expect(sessions.renew('a', 1000).urgent).toBe(true);
    expect(sessions.see('a').urgent).toBeUndefined();
  });
});

describe('news', () => {
  test('are heard as they were told', () => {
    for (const news of [
      { what: 'changed', key: { namespace: 'n\u2028', name: '"\\\u{1F600}' } },
      { what: 'changed', key: { namespace: '', name: 'k' }, taken: true },
      { what: 'revoked', sessionId: '0123456789abcdef' },
    ] as const) {
      expect(newsOf(payloadOf(news))).toEqual(news);
    }
  });

  test('that do not fit, or come from another version, mean anything', () => {
    const long = payloadOf({
      what: 'changed',
      key: { namespace: '\u0001'.repeat(1024), name: '\u0001'.repeat(1024) },
    });
    expect(Buffer.byteLength(long)).toBeLessThan(8000);
    for (const payload of [long, '', undefined, 'null', '[]', '{"name":1}', 'x'])
      expect(newsOf(payload)).toBeUndefined();
  });

  test('are told in a channel that is one name and belongs to the tables', () => {
    const long = 'ö'.repeat(31);
    expect(channelOf('public', 'tenure_')).toBe('public.tenure_news');
    expect(Buffer.byteLength(channelOf(long, 'a'))).toBeLessThanOrEqual(63);
    expect(channelOf(long, 'a')).not.toBe(channelOf(long, 'b'));
  });
});

describe('turns', () => {
  const quiet = new AbortController().signal;

  test('keep one place for what is urgent, and let that go first', async () => {
    const turns = new Turns(3);
    const order: string[] = [];
    const enter = (name: string, urgent: boolean): Promise<() => void> =>
      turns.enter(urgent, [quiet]).then((leave) => {
        order.push(name);
        return leave;
      });
    const [one, two, three, renewal, next] = [
      enter('one', false),
      enter('two', false),
      enter('three', false),
      enter('renewal', true),
      enter('next renewal', true),
    ];
    (await renewal)();
    (await next)();
    expect(order).toEqual(['one', 'two', 'renewal', 'next renewal']);
    (await one)();
    await three;
    expect(order.at(-1)).toBe('three');
    (await two)();
  });

  test('that are given up are nobody’s: the place stays free', async () => {
    const turns = new Turns(2);
    const leave = await turns.enter(false, [quiet]);
    const impatient = new AbortController();
    const refused = turns.enter(false, [quiet, impatient.signal]);
    const reason = new Error('enough');
    impatient.abort(reason);
    await expect(refused).rejects.toBe(reason);
    leave();
    leave();
    const again = await turns.enter(false, [quiet]);
    const urgent = await turns.enter(true, [quiet]);
    again();
    urgent();
    await expect(turns.enter(true, [impatient.signal])).rejects.toBe(reason);
  });
});

describe('a failure', () => {
  test('has as its cause what the driver threw, without the client or the URL that came with it', () => {
    const plain = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    expect(failure(plain, 'PostgreSQL', 'connecting').cause).toBe(plain);
    for (const extra of [{ client: { password: 'secret' } }, { input: 'postgres://u:secret@h' }]) {
      const { cause, message } = failure(
        Object.assign(new Error('ended'), extra),
        'PostgreSQL at h',
        'asked',
      );
      expect(message).toBe('PostgreSQL at h: ended');
      expect(inspect(cause, { depth: 5, showHidden: true })).not.toContain('secret');
    }
  });

  test.for([
    ['40001', NotAppliedError],
    ['40P01', NotAppliedError],
    ['55P03', NotAppliedError],
    ['57014', NotAppliedError],
    ['53300', StoreUnavailableError],
    ['57P01', StoreUnavailableError],
    ['57P03', StoreUnavailableError],
    ['25006', StoreUnavailableError],
    ['08006', StoreUnavailableError],
    ['XX000', StoreUnavailableError],
    ['EPIPE', StoreUnavailableError],
    ['ECONNRESET', StoreUnavailableError],
    ['28P01', AccessDeniedError],
    ['42501', AccessDeniedError],
    ['3D000', AccessDeniedError],
    ['42P01', InvalidArgumentError],
    ['3F000', InvalidArgumentError],
    ['42703', InvalidArgumentError],
    ['22001', InvalidArgumentError],
    ['54000', InvalidArgumentError],
  ] as const)('%s is understood as %o', ([code, kind]) => {
    const error = failure(Object.assign(new Error('words'), { code }), 'PostgreSQL', 'asked');
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toContain(`words (${code})`);
  });

  test('of a statement while connecting is never certain to be undone by others', () => {
    const error = Object.assign(new Error('too late'), { code: '57014' });
    expect(failure(error, 'PostgreSQL', 'connecting')).toBeInstanceOf(StoreUnavailableError);
  });

  test('tells of each address that was tried', () => {
    const error = new AggregateError([new Error('connect ::1'), new Error('connect 127.0.0.1')]);
    expect(failure(error, 'PostgreSQL', 'connecting').message).toBe(
      'PostgreSQL: connect ::1, connect 127.0.0.1',
    );
  });
});
