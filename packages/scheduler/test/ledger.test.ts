import type { Json } from '@tenure/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rig, at, crash, every } from './rig.ts';
import type { Replica } from './rig.ts';

let rig: Rig;
let a: Replica;
let b: Replica;
beforeEach(async () => {
  rig = new Rig();
  a = rig.replica('a');
  b = rig.replica('b');
  a.election.start();
  await rig.clock.advance(1);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.close();
});

const saves = (): number => a.calls.filter(({ verb }) => verb === 'save').length;

describe('the ledger', () => {
  it.each(['at-most-once', 'at-least-once'] as const)(
    'of a hundred schedules that are due at once costs two saves, %s',
    async (guarantee) => {
      a.fault = ({ verb }) => (verb === 'save' ? { kind: 'late', requestMs: 20, answerMs: 20 } : undefined);
      const made = Array.from({ length: 100 }, (_, index) =>
        every(10, a, () => {}, { name: `job ${index}`, guarantee }),
      );
      await rig.to(9);
      expect(saves()).toBeLessThanOrEqual(2);
      const before = saves();
      await rig.to(11);
      expect(made.map(({ log }) => log)).toEqual(made.map(() => ['started 10', 'succeeded 10']));
      expect(saves() - before).toBeLessThanOrEqual(2);
    },
  );

  it('and what the user saves leave each other alone', async () => {
    every(10, a, () => {});
    await a.election.term?.save({ page: 1 });
    await rig.to(11);
    await a.election.term?.save({ page: 2 });
    await rig.to(21);
    crash(a);
    b.election.start();
    await rig.to(25);
    expect(b.election.term?.checkpoint).toEqual({ page: 2 });
    expect(b.election.term?.slot('schedules').checkpoint).toEqual({ job: { last: at(20).toISOString() } });
  });

  it.each([
    ['a text', 'nonsense'],
    ['a list', [1, 2]],
    ['nothing', null],
    ['an entry that is a number', { job: 5 }],
    ['an entry that is nothing', { job: null }],
    ['an entry without a time', { job: { last: 'soon' } }],
    ['an entry whose time is a number', { job: { last: 5 } }],
  ] as readonly (readonly [string, Json])[])('that somebody else wrote is no entry: %s', async (_, value) => {
    await a.election.term?.slot('schedules').save(value);
    await a.election.stop();
    const made = every(10, b, () => {}, { guarantee: 'at-least-once' });
    await rig.to(11);
    expect(made.log).toEqual(['started 10', 'succeeded 10']);
  });

  it('keeps what it does not know, whatever the name', async () => {
    const theirs = JSON.parse(
      '{"other":{"last":"2029-01-01T00:00:00.000Z","more":1},"__proto__":[1]}',
    ) as Json;
    await a.election.term?.slot('schedules').save(theirs);
    await a.election.stop();
    every(10, b, () => {}, { name: 'constructor' });
    await rig.to(11);
    await b.election.stop();
    a.election.start();
    await rig.to(13);
    expect(JSON.stringify(a.election.term?.slot('schedules').checkpoint)).toBe(
      `{"other":{"last":"2029-01-01T00:00:00.000Z","more":1},"__proto__":[1],"constructor":{"last":"${at(10).toISOString()}"}}`,
    );
  });

  it('that the store does not take is a failed run, and the next tick is tried again', async () => {
    const warnings: string[] = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
    await a.election.term?.save('x'.repeat(512 * 1024 - 50));
    const made = every(10, a, () => {});
    await rig.to(11);
    expect(warnings.join('\n')).toContain('schedule "job": ValueTooLargeError');
    expect(made.log).toEqual(['failed 10']);
    expect(made.heard[0]).toMatchObject({ error: { code: 'VALUE_TOO_LARGE' }, durationMs: 0 });
    await a.election.term?.save('small');
    await rig.to(21);
    expect(made.log).toEqual(['failed 10', 'started 20', 'succeeded 20']);
  });
});
