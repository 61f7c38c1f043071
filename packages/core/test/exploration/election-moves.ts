import { electionAlarm, electionCall } from '../../src/election/state.ts';
import type { ElectionState } from '../../src/election/state.ts';
import type { ElectionHappening } from '../../src/election/calls.ts';
import { granted, happen, held, normal } from './election-world.ts';
import type { ElectionMachine, ElectionWorld, Transition } from './election-world.ts';
import type { Step } from './search.ts';

type Whose = 'user' | 'session' | 'store' | 'alarm' | 'work';

/** A move, with all that the machine did in it, and its world before names were made canonical. */
export interface ElectionStep extends Step<ElectionWorld> {
  readonly whose: Whose;
  readonly transitions: readonly Transition[];
  readonly raw: ElectionWorld;
}

const HOLDS = 2;

/** One move in the making: keeps the books as store, session and `lead` do. */
class Play {
  readonly transitions: Transition[] = [];
  world: ElectionWorld;
  readonly #machine: ElectionMachine;

  constructor(machine: ElectionMachine, world: ElectionWorld) {
    this.#machine = machine;
    this.world = world;
  }

  put(change: Partial<ElectionWorld>): this {
    this.world = { ...this.world, ...change };
    return this;
  }

  tell(happening: ElectionHappening, when: 'now' | 'due' = 'now'): this {
    const taken = happen(this.#machine, this.world.state, happening, when, `new${this.transitions.length}`);
    this.transitions.push(taken);
    const { before, after } = taken;
    this.put({ state: after });
    const { work, lead } = this.world;
    if (before.phase === 'leading' && after.phase !== 'leading' && work?.claimId === before.claimId) {
      const lost = after.last?.kind === 'lost' || after.last?.overrun === true;
      this.put({ work: { ...work, lost } });
    }
    if (after.phase === 'leading' && before.phase !== 'leading' && lead === 'on' && !work)
      this.put({ work: { claimId: after.claimId, lost: false } });
    // `lead` waits for a term, and hears that its candidate has left.
    if (after.phase === 'idle' && before.phase !== 'idle' && lead === 'on' && !work) this.leave();
    return this.#left();
  }

  /** As `Candidacy.start` does. */
  start(): this {
    if (this.world.state.phase === 'idle') {
      this.tell({ type: 'unusable', gone: true, reason: 'session-invalidated' });
      if (this.world.session === 'usable') this.tell({ type: 'usable' });
    }
    return this.tell({ type: 'start' });
  }

  /** The end of `lead`. */
  leave(): this {
    return this.put({ lead: 'leaving' }).tell({ type: 'stop', reason: 'released' });
  }

  /** What `lead` was waiting for when it left: see `Candidacy.stop`. */
  #left(): this {
    const { state, lead } = this.world;
    const holds = state.phase === 'leading' || (state.phase === 'releasing' && state.usable);
    if (lead !== 'leaving' || holds) return this;
    return this.put({ lead: 'none' }).tell({ type: 'guard', on: false });
  }
}

type Act = (play: Play) => Play;

function* userMoves(world: ElectionWorld): Generator<[string, Whose, Act]> {
  const { state, work, lead, holds } = world;
  yield ['start()', 'user', (play) => play.start()];
  yield ['stop()', 'user', (play) => play.tell({ type: 'stop', reason: 'released' })];
  yield ['resign()', 'user', (play) => play.tell({ type: 'resign' })];
  if (lead === 'none') {
    const begin: Act = (play) => {
      play.tell({ type: 'guard', on: true }).put({ lead: 'on' }).start();
      const now = play.world.state;
      // The term that it has already is worked for, too.
      return now.phase === 'leading' ? play.put({ work: { claimId: now.claimId, lost: false } }) : play;
    };
    yield ['lead(work)', 'user', begin];
  }
  if (work) {
    const settle =
      (isOk: boolean): Act =>
      (play) => {
        play.tell({ type: 'settled' });
        const lost = play.world.work?.lost;
        play.put({ work: undefined });
        return lost || !isOk || play.world.state.phase === 'idle' ? play.leave() : play;
      };
    yield ['the work settles', 'work', settle(true)];
    yield ['the work throws', 'work', settle(false)];
    yield ['its time is up (maxHoldMs)', 'user', (play) => play.tell({ type: 'hold-over', graceMs: 100 })];
  }
  if (state.phase === 'leading' && holds.length < HOLDS) {
    const { claimId } = state;
    yield [
      'waitUntil(other work)',
      'user',
      (play) => play.put({ holds: [...holds, claimId] }).tell({ type: 'hold', claimId }),
    ];
  }
  for (const claimId of new Set(holds)) {
    const rest = holds.toSpliced(holds.indexOf(claimId), 1);
    const mine = 'claimId' in state && state.claimId === claimId;
    yield [
      `waitUntil's work ${mine ? '' : 'for an earlier term '}settles`,
      'work',
      (play) => play.put({ holds: rest }).tell({ type: 'let-go', claimId }),
    ];
  }
}

function* sessionMoves({ state, session }: ElectionWorld): Generator<[string, Whose, Act]> {
  /** Who does not stand hears nothing of the session. */
  const hears = state.phase !== 'idle';
  const tell = (happening: ElectionHappening, change: Partial<ElectionWorld>): Act => {
    return (play) => (hears ? play.put(change).tell(happening) : play.put(change));
  };
  if (session !== 'usable')
    yield ['the session is proven', 'session', tell({ type: 'usable' }, { session: 'usable' })];
  if (session === 'usable') {
    const lapse = { type: 'unusable', gone: false, reason: 'expired' } as const;
    yield ['the deadline passes', 'session', tell(lapse, { session: 'lapsed' })];
  }
  const end = { type: 'unusable', gone: true, reason: 'session-invalidated' } as const;
  // One that had not been proven yet may go, too.
  yield ['the session is gone', 'session', tell(end, { session: 'none', mayStand: [] })];
}

function* storeMoves(world: ElectionWorld): Generator<[string, Whose, Act]> {
  const { state, session, mayStand } = world;
  const call = electionCall(state);
  if (call) {
    const { verb } = call;
    const answer = (happening: ElectionHappening, change: Partial<ElectionWorld> = {}): Act => {
      return (play) => play.put(change).tell(happening);
    };
    const hasLeft = 'dueAt' in state && state.dueAt !== undefined;
    if (verb === 'claim' && hasLeft) {
      const { claimId } = call;
      if (session === 'usable') yield ['the claim is granted', 'store', answer(granted(claimId))];
      yield ['the key is held by another', 'store', answer({ type: 'held', held })];
      yield [
        'another holds it for so long',
        'store',
        answer({ type: 'held', held: { ...held, retryInMs: 10 } }),
      ];
      yield ['the claim was lost unseen', 'store', answer({ type: 'void' })];
    }
    if (verb === 'release' && hasLeft) {
      const rest = mayStand.filter((id) => id !== call.claimId);
      yield ['the release is answered', 'store', answer({ type: 'released' }, { mayStand: rest })];
    }
    if ((verb === 'claim' || verb === 'release') && !hasLeft) {
      const sent =
        verb === 'claim' && !mayStand.includes(call.claimId) ? [...mayStand, call.claimId] : mayStand;
      yield [`the ${verb} leaves`, 'store', answer({ type: 'sent', call }, { mayStand: sent })];
    } else {
      for (const notApplied of [false, true]) {
        const how = notApplied ? 'is certainly not applied' : 'fails';
        yield [`the ${verb} ${how}`, 'store', answer({ type: 'failed', notApplied })];
      }
    }
    if (verb === 'park') {
      yield ['it is woken', 'store', answer({ type: 'woke' })];
      const { claimId } = state as ElectionState & { phase: 'following' };
      yield ['it is right to wait on', 'store', answer({ type: 'waits', held: { ...held, claimId } })];
    }
    if (verb === 'lookout') yield ['another term has begun', 'store', answer({ type: 'succeeded' })];
  }
  if (!('claimId' in state) || state.claimId === undefined || state.phase === 'following') return;
  for (const what of ['deleted', 'superseded', 'forced', 'evicted'] as const)
    yield [`news: ${what}`, 'store', (play) => play.tell({ type: 'news', what })];
}

/** Everything that may happen next. */
export function* electionSteps(machine: ElectionMachine, world: ElectionWorld): Generator<ElectionStep> {
  const moves = [...userMoves(world), ...sessionMoves(world), ...storeMoves(world)];
  if (electionAlarm(world.state))
    moves.push(['the alarm is due', 'alarm', (play) => play.tell({ type: 'alarm' }, 'due')]);
  for (const [move, whose, act] of moves) {
    const { world: raw, transitions } = act(new Play(machine, world));
    yield { move, whose, transitions, raw, next: normal(raw) };
  }
}
