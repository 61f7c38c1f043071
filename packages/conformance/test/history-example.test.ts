import { checkHistory, timeline } from '@tenure/conformance/history';
import type { HistoryEvent } from '@tenure/conformance/history';
import { expect, it } from 'vitest';

it('the example of the README finds the leader that went on', () => {
  const a = { key: 'job', candidate: 'a', token: 1n };
  const b = { key: 'job', candidate: 'b', token: 2n };
  const events: HistoryEvent[] = [
    { what: 'acquired', at: 0, ...a },
    { what: 'fault', at: 100, fault: 'a is cut off' },
    { what: 'acquired', at: 1000, ...b },
    { what: 'current', at: 1100, ...a },
    { what: 'ended', at: 1200, ...a, kind: 'lost', reason: 'expired' },
    { what: 'ended', at: 5000, ...b, kind: 'released', reason: 'closed' },
  ];
  const { violations } = checkHistory(events, {
    leaderWithinMs: 2000,
    toldWithinMs: 500,
    disjoint: true,
    slackMs: 0,
    stoodFor: ['job'],
    endAt: 5000,
  });
  expect(violations.map(({ text }) => text)).toEqual([
    `b's term 2 of "job" began at 1000 ms, and a's term 1 of "job" was held 200 ms longer: a read said that it is current at 1100 ms`,
  ]);
  expect(timeline(events, { around: { at: 1000, ms: 100 } })).toContain('1100.0  current 1');
});
