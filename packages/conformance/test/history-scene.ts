import { checkHistory } from '@tenure/conformance/history';
import type {
  Acquired,
  Ended,
  HistoryEvent,
  Observed,
  OfTerm,
  Operation,
  Promises,
  Rule,
  SeenCurrent,
  Verdict,
} from '@tenure/conformance/history';

export const promises: Promises = {
  leaderWithinMs: 1000,
  toldWithinMs: 100,
  disjoint: true,
  slackMs: 0,
  stoodFor: [],
  endAt: 10_000,
};

export const judged = (events: readonly HistoryEvent[], changed: Partial<Promises> = {}): Verdict =>
  checkHistory(events, { ...promises, ...changed });

/** The rules that were broken, each as often as it was. */
export const broken = (events: readonly HistoryEvent[], changed: Partial<Promises> = {}): Rule[] =>
  judged(events, changed).violations.map(({ rule }) => rule);

export const termOf = (candidate: string, token: number, key = 'job'): OfTerm => ({
  key,
  candidate,
  token: BigInt(token),
});

export const won = (at: number, candidate: string, token: number, key?: string): Acquired => ({
  what: 'acquired',
  at,
  ...termOf(candidate, token, key),
});

export const read = (at: number, candidate: string, token: number, key?: string): SeenCurrent => ({
  what: 'current',
  at,
  ...termOf(candidate, token, key),
});

export const lost = (at: number, candidate: string, token: number, reason = 'expired'): Ended => ({
  what: 'ended',
  at,
  kind: 'lost',
  reason,
  ...termOf(candidate, token),
});

export const left = (at: number, candidate: string, token: number): Ended => ({
  ...lost(at, candidate, token, 'closed'),
  kind: 'released',
});

export const sees = (at: number, observer: string, token: number | undefined): Observed => ({
  what: 'observed',
  at,
  observer,
  key: 'job',
  token: token === undefined ? undefined : BigInt(token),
});

type Answer = Pick<Operation, 'outcome' | 'value'>;
export const ok: Answer = { outcome: 'ok' };
export const refused: Answer = { outcome: 'refused' };
export const gave = (value: number | readonly string[]): Answer => ({ outcome: 'ok', value });

/** An operation between the two times; without an answer where there is none. */
export function op(
  [calledAt, returnedAt]: readonly [number, number],
  token: number,
  call: Operation['call'],
  answer: Answer = { outcome: 'unknown' },
  resource = 'fenced',
): Operation {
  const until = answer.outcome === 'unknown' ? Infinity : returnedAt;
  const candidate = String.fromCodePoint(96 + token);
  return {
    what: 'operation',
    resource,
    calledAt,
    returnedAt: until,
    call,
    ...termOf(candidate, token),
    ...answer,
  };
}

export const get: Operation['call'] = { kind: 'read' };
export const put = (value: number): Operation['call'] => ({ kind: 'write', value });
export const insert = (element: string): Operation['call'] => ({ kind: 'add', element });
