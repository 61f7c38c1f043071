import { electionTransition } from '../../src/election/machine.ts';
import { electionAlarm, electionCall, initialElection } from '../../src/election/state.ts';
import type { ElectionEvent, ElectionState } from '../../src/election/state.ts';
import type { ElectionHappening } from '../../src/election/calls.ts';
import { later } from '../../src/clock.ts';
import type { Instant } from '../../src/clock.ts';
import { memory } from '../../src/memory.ts';
import type { Held } from '../../src/store.ts';
import { deriveTiming } from '../../src/timing.ts';
import type { Timing } from '../../src/timing.ts';

/**
 * One candidate and all it deals with: a session that comes, lapses and goes, a store that may have applied what it
 * has not answered, a user who starts, leads, holds, resigns and stops.
 */
export interface ElectionWorld {
  readonly state: ElectionState;
  readonly session: 'none' | 'usable' | 'lapsed';
  /** Claims that were sent in this session, and neither released nor gone with it: any of them may stand in the store. */
  readonly mayStand: readonly string[];
  /** `lead`: it waits or works; leaves, and waits until it has left. */
  readonly lead: 'none' | 'on' | 'leaving';
  /** The work of `lead`, for the term of that claim, which may be over. */
  readonly work: { readonly claimId: string; readonly lost: boolean } | undefined;
  /** Work that holds the key by `waitUntil`, by the claim of its term. */
  readonly holds: readonly string[];
}

/** What the machine did, unabridged. */
export interface Transition {
  readonly before: ElectionState;
  readonly event: ElectionEvent;
  readonly after: ElectionState;
}

export type ElectionMachine = (state: ElectionState, event: ElectionEvent, timing: Timing) => ElectionState;

export const electionMachine: ElectionMachine = electionTransition;

export const timing: Timing = deriveTiming(900, {}, { name: 'model', traits: memory().traits });

/** Only an alarm looks at an instant, and none looks at two: an instant is either unset or not yet past. */
const NOW: Instant = { monoMs: 0, wallMs: 0 };
const SOON: Instant = { monoMs: 1000, wallMs: 1000 };

const key = { namespace: 'model', name: 'job' };
export const held: Held = { outcome: 'held', key, claimId: 'any', holder: undefined };
const TOKEN = 1n;
/** Of each new grant; `normal` makes it `TOKEN`, and what was `TOKEN` before it stale. */
const NEW_TOKEN = 2n;
const STALE_TOKEN = 0n;

export const initialWorld: ElectionWorld = {
  state: initialElection,
  session: 'none',
  mayStand: [],
  lead: 'none',
  work: undefined,
  holds: [],
};

export function happen(
  machine: ElectionMachine,
  before: ElectionState,
  happening: ElectionHappening,
  when: 'now' | 'early' | 'due' = 'now',
  nonce = 'new',
): Transition {
  const alarm = electionAlarm(before);
  const at = when === 'due' && alarm ? alarm : when === 'early' && alarm ? later(alarm, -1) : NOW;
  const event = { ...happening, at, jitter: 0.5, nonce } as ElectionEvent;
  return { before, event, after: machine(before, event, timing) };
}

export const granted = (claimId: string): ElectionHappening => ({
  type: 'granted',
  granted: { outcome: 'granted', claimId, token: NEW_TOKEN, key, checkpoint: undefined, announced: true },
});

/** The same world with other names: claims in the order in which they are met, instants as set or unset. */
export function normal(world: ElectionWorld): ElectionWorld {
  const { state } = world;
  const call = electionCall(state);
  const claimId = 'claimId' in state ? state.claimId : undefined;
  const names = new Map<string, string>();
  const rename = (id: string): string => {
    const name = names.get(id) ?? `c${names.size + 1}`;
    names.set(id, name);
    return name;
  };
  const mine = claimId === undefined ? undefined : rename(claimId);
  // A term that has just begun makes every other token stale.
  const isNew = state.phase === 'leading' && state.granted.token === NEW_TOKEN;
  const token = (value: bigint): bigint => (value === (isNew ? NEW_TOKEN : TOKEN) ? TOKEN : STALE_TOKEN);
  const renamed = {
    ...state,
    last: undefined,
    ...('claimId' in state ? { claimId: mine } : {}),
    ...('dueAt' in state ? { dueAt: state.dueAt && SOON, failures: Math.min(state.failures, 3) } : {}),
    ...(call && {
      call:
        call.verb === 'park'
          ? { verb: call.verb, held }
          : call.verb === 'lookout'
            ? { verb: call.verb, token: token(call.token) }
            : { verb: call.verb, claimId: rename(call.claimId) },
    }),
    ...('held' in state ? { held: undefined } : {}),
    ...(state.phase === 'leading' && {
      granted: { ...state.granted, token: token(state.granted.token), claimId: mine },
      winding: state.winding && { ...state.winding, until: state.winding.until && SOON },
    }),
    ...(state.phase === 'releasing' && {
      token: state.token === undefined ? undefined : token(state.token),
    }),
  } as unknown as ElectionState;
  const { work } = world;
  return {
    ...world,
    state: renamed,
    mayStand: world.mayStand.map(rename),
    work: work && { ...work, claimId: rename(work.claimId) },
    holds: world.holds.map(rename).toSorted(),
  };
}

export function keyOf({ state, session, mayStand, lead, work, holds }: ElectionWorld): string {
  const call = electionCall(state);
  const { phase, usable, guarded, outlived } = state;
  const own: unknown[] = [];
  own.push('claimId' in state ? state.claimId : undefined);
  if ('dueAt' in state) own.push(state.dueAt !== undefined, state.failures);
  if (phase === 'following') own.push(state.checking);
  if (phase === 'leading') {
    const { winding, worked, granted: grant } = state;
    // Not its reason: that is told, and decides nothing.
    own.push(
      winding?.kind,
      winding?.next,
      winding?.until !== undefined,
      worked,
      state.holds ?? 0,
      grant.token,
    );
  }
  if (phase === 'releasing') own.push(state.next, state.token);
  if (call) own.push(call.verb, 'claimId' in call ? call.claimId : 'token' in call ? call.token : '');
  const around = [session, mayStand.join(), lead, work?.claimId, work?.lost, holds.join()];
  return [phase, usable, guarded, outlived, ...own, '|', ...around].join(' ');
}
