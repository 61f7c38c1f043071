import { isPast } from '../../src/clock.ts';
import type { Instant } from '../../src/clock.ts';
import { sessionTransition } from '../../src/session/machine.ts';
import { initialSession, sessionAlarm, sessionCall } from '../../src/session/state.ts';
import type { SessionEvent, SessionState } from '../../src/session/state.ts';
import type { Timing } from '../../src/timing.ts';
import type { Step } from './search.ts';

/** A session whose every instant counts from now, and when its call left. */
export interface SessionWorld {
  readonly state: SessionState;
  readonly sentAt: Instant | undefined;
}

export interface SessionStep extends Step<SessionWorld> {
  readonly before: SessionState;
  readonly event: SessionEvent;
  readonly after: SessionState;
}

export type SessionMachine = (state: SessionState, event: SessionEvent, timing: Timing) => SessionState;

export const sessionMachine: SessionMachine = sessionTransition;

type SessionHappening = SessionEvent extends infer E
  ? E extends SessionEvent
    ? Omit<E, 'at'>
    : never
  : never;

/** All waits are whole grains when jitter is 0: so instants are few, and exact. */
const GRAIN_MS = 200;

export const timing: Timing = {
  ttlMs: 6 * GRAIN_MS,
  renewMs: 2 * GRAIN_MS,
  patienceMs: GRAIN_MS,
  connectMs: 2 * GRAIN_MS,
  drift: 0,
  marginMs: GRAIN_MS,
  pulseMs: GRAIN_MS,
  backOff: { minMs: 2 * GRAIN_MS, maxMs: 2 * GRAIN_MS, downMs: 4 * GRAIN_MS },
  recheckMs: 24 * GRAIN_MS,
};

export const NOW: Instant = { monoMs: 0, wallMs: 0 };

const moved = (monoMs: number, wallMs: number): Instant => ({ monoMs, wallMs });

/** What the two clocks may have done since the last event. */
const passages: ReadonlyMap<string, Instant> = new Map([
  ['', NOW],
  ['a while later, ', moved(GRAIN_MS, GRAIN_MS)],
  ['after a stall, ', moved(4 * GRAIN_MS, 4 * GRAIN_MS)],
  ['after a stall of more than a TTL, ', moved(7 * GRAIN_MS, 7 * GRAIN_MS)],
  ['after a suspend, ', moved(0, 4 * GRAIN_MS)],
  ['with the wall clock set back, ', moved(0, -4 * GRAIN_MS)],
]);

/** How far the clocks may part, and how long ago a call may have left: beyond that, more changes nothing. */
const APART_MS = 4 * GRAIN_MS;

/** As from now. An instant that is past is past, however long. */
const ahead = ({ monoMs, wallMs }: Instant, now: Instant): Instant => {
  const mono = monoMs - now.monoMs;
  const wall = wallMs - now.wallMs;
  return mono <= 0 || wall <= 0
    ? NOW
    : moved(Math.min(mono, wall + APART_MS), Math.min(wall, mono + APART_MS));
};

const near = (ms: number): number => Math.max(-timing.ttlMs, Math.min(APART_MS, ms));

function normal(state: SessionState, sentAt: Instant | undefined, now: Instant): SessionWorld {
  const sent = sentAt && moved(near(sentAt.monoMs - now.monoMs), near(sentAt.wallMs - now.wallMs));
  if (state.phase === 'idle' || state.phase === 'closed') return { state, sentAt: undefined };
  // Back-off is capped at once: the first failure counts, and the next do not.
  const common = { dueAt: ahead(state.dueAt, now), failures: Math.min(state.failures, 1) };
  if (state.phase === 'opening') return { state: { ...state, ...common }, sentAt: sent };
  if (state.phase === 'closing')
    return { state: { ...state, ...common, until: ahead(state.until, now) }, sentAt: undefined };
  const deadline = state.deadline && (state.lapsed ? NOW : ahead(state.deadline, now));
  const lapsed = state.lapsed && 'expired';
  return { state: { ...state, ...common, deadline, lapsed, stretch: 1 }, sentAt: sent };
}

export const initialWorld: SessionWorld = { state: initialSession, sentAt: undefined };

const text = (instant: Instant | undefined): string =>
  instant ? `${instant.monoMs / GRAIN_MS},${instant.wallMs / GRAIN_MS}` : '-';

export function keyOf({ state, sentAt }: SessionWorld): string {
  if (state.phase === 'idle' || state.phase === 'closed') return state.phase;
  const { phase, call, dueAt, failures } = state;
  const shared = `${phase} ${call?.verb} ${text(dueAt)} ${failures} ${text(sentAt)}`;
  if (phase === 'opening') return `${shared} ${state.leaving}`;
  if (phase === 'closing') return `${shared} ${text(state.until)}`;
  const { deadline, lapsed, again, manual, refusals } = state;
  return `${shared} ${text(deadline)} ${lapsed} ${again} ${manual} ${refusals}`;
}

/** What may happen to this session, by name. `at` is when. */
function* sensible({ state, sentAt }: SessionWorld): Generator<[string, SessionHappening]> {
  const call = sessionCall(state);
  const { ttlMs } = timing;
  yield ['a session is wanted', { type: 'want', nonce: 'n' }];
  yield ['close()', { type: 'close' }];
  if (state.phase === 'idle' || state.phase === 'closed') return;
  if (state.phase === 'live') {
    yield ['the store hints', { type: 'hint', byStore: true }];
    yield ['a renewal is asked for', { type: 'hint', byStore: false }];
    yield ['renewing is by hand', { type: 'manual' }];
    yield ['a read finds it lapsed', { type: 'lapsed' }];
  }
  if (state.phase !== 'opening' || call) yield ['the session is gone', { type: 'gone', nonce: 'n' }];
  if (!call) return;
  const { verb } = call;
  for (const notApplied of [false, true])
    yield [
      `the ${verb} ${notApplied ? 'is certainly not applied' : 'fails'}`,
      { type: 'failed', jitter: 0, notApplied },
    ];
  if (verb === 'open' && sentAt)
    for (const adopted of [false, true])
      yield [
        `the open ${adopted ? 'finds what it made before' : 'is answered'}`,
        { type: 'opened', sessionId: 's', ttlMs, adopted, sentAt },
      ];
  if (verb === 'renew' && sentAt) yield ['the renew is answered', { type: 'renewed', ttlMs, sentAt }];
  if (verb === 'close') yield ['the close is answered', { type: 'closed' }];
}

function take(
  machine: SessionMachine,
  { state: before, sentAt }: SessionWorld,
  move: string,
  happening: SessionHappening,
  at: Instant,
): SessionStep {
  const event: SessionEvent = { ...happening, at };
  const after = machine(before, event, timing);
  const call = sessionCall(after);
  const isNew = call !== sessionCall(before);
  return { move, before, event, after, next: normal(after, call && (isNew ? at : sentAt), at) };
}

/** Every event there is, now, whether or not it makes sense here. */
export function everything(machine: SessionMachine, world: SessionWorld): readonly SessionStep[] {
  const { ttlMs } = timing;
  const sentAt = world.sentAt ?? NOW;
  const happenings: readonly SessionHappening[] = [
    { type: 'want', nonce: 'n' },
    { type: 'opened', sessionId: 's', ttlMs, adopted: false, sentAt },
    { type: 'opened', sessionId: 's', ttlMs, adopted: true, sentAt },
    { type: 'renewed', ttlMs, sentAt },
    { type: 'gone', nonce: 'n' },
    { type: 'failed', jitter: 0, notApplied: false },
    { type: 'failed', jitter: 0, notApplied: true },
    { type: 'hint', byStore: false },
    { type: 'hint', byStore: true },
    { type: 'manual' },
    { type: 'lapsed' },
    { type: 'alarm', jitter: 0 },
    { type: 'close' },
    { type: 'closed' },
  ];
  const alarm = sessionAlarm(world.state, NOW, timing) ?? NOW;
  return happenings.map((happening) =>
    take(machine, world, happening.type, happening, happening.type === 'alarm' ? alarm : NOW),
  );
}

export function* sessionSteps(machine: SessionMachine, world: SessionWorld): Generator<SessionStep> {
  const alarm = sessionAlarm(world.state, NOW, timing);
  for (const [when, at] of passages) {
    for (const [what, happening] of sensible(world)) yield take(machine, world, when + what, happening, at);
    if (alarm && (at.monoMs >= alarm.monoMs || at.wallMs >= alarm.wallMs))
      yield take(machine, world, `${when}the alarm is due`, { type: 'alarm', jitter: 0 }, at);
  }
  if (!alarm) return;
  yield take(machine, world, 'the alarm is due', { type: 'alarm', jitter: 0 }, alarm);
  if (!isPast(alarm, NOW))
    yield take(machine, world, 'the alarm is early', { type: 'alarm', jitter: 0 }, NOW);
}
