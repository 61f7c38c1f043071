import { expect, it } from 'vitest';
import { electionCall } from '../src/election/state.ts';
import { broken, electionBreaks } from './exploration/election-breaks.ts';
import { electionChecks, stopEnds } from './exploration/election-checks.ts';
import { electionSteps } from './exploration/election-moves.ts';
import type { ElectionStep, Liberties } from './exploration/election-moves.ts';
import { electionMachine, initialWorld, keyOf } from './exploration/election-world.ts';
import type { ElectionMachine, ElectionWorld } from './exploration/election-world.ts';
import { alwaysEnds } from './exploration/ending.ts';
import { forgetsStop } from './exploration/known.ts';
import { electionNoOps, judge } from './exploration/no-ops.ts';
import { report, violationsOf } from './exploration/report.ts';
import { explore } from './exploration/search.ts';
import type { Model } from './exploration/search.ts';
import { unrulySteps } from './exploration/unruly.ts';

const around = (
  machine: ElectionMachine,
  liberties: Liberties = { startsBesideLead: false },
): Model<ElectionWorld, ElectionStep> => ({
  initial: initialWorld,
  keyOf,
  steps: (world) => electionSteps(machine, world, liberties),
});

const unruly = (machine: ElectionMachine): Model<ElectionWorld, ElectionStep> => ({
  initial: initialWorld,
  keyOf,
  steps: (world) => unrulySteps(machine, world),
});

const marks = stopEnds.asks;
const sensible = explore(around(electionMachine), electionChecks, { marks });
const anything = explore(unruly(electionMachine), electionChecks);
const besideLead = around(broken(forgetsStop), { startsBesideLead: true });
const startedBesideLead = explore(besideLead, electionChecks, { marks });

it('keeps its rules in every state that a session, a store and a user can bring about, at any depth', () => {
  report('election', sensible);
  expect(violationsOf(sensible)).toEqual([]);
  expect(sensible.complete).toBe(true);
});

it('reaches what the rules are about', () => {
  const { worlds } = sensible;
  const reached = (what: (world: ElectionWorld) => boolean): number => worlds.filter(what).length;
  const phases = new Set(worlds.map(({ state }) => state.phase));
  expect([...phases].toSorted()).toEqual(Object.keys(electionNoOps).toSorted());
  expect(reached(({ state, work }) => state.phase !== 'leading' && work !== undefined)).toBeGreaterThan(0);
  expect(reached(({ state }) => state.phase === 'leading' && state.winding?.next === 'idle')).toBeGreaterThan(
    0,
  );
  expect(reached(({ state }) => state.phase === 'leading' && state.holds === 2)).toBeGreaterThan(0);
  expect(reached(({ state, mayStand }) => state.phase === 'joining' && mayStand.length > 0)).toBeGreaterThan(
    0,
  );
});

it('keeps its rules when every event may come in every state', () => {
  report('election, any event at any time', anything);
  expect(violationsOf(anything)).toEqual([]);
  expect(anything.complete).toBe(true);
});

it('ignores no event by omission', () => {
  const { worlds } = anything;
  expect(judgeElection(electionMachine, worlds).wrong).toEqual([]);
});

it('notices an event that is ignored by omission, and one that is not ignored though it should be', () => {
  const { worlds } = anything;
  const deaf = broken({ instead: ({ before, event }) => (event.type === 'void' ? before : undefined) });
  expect(judgeElection(deaf, worlds).wrong).toEqual([
    'void while claiming is ignored, and nobody says why',
    'void while following is ignored, and nobody says why',
  ]);
  const rash = broken({
    instead: ({ before, event }) =>
      event.type === 'granted' && before.phase === 'idle'
        ? { ...before, guarded: !before.guarded }
        : undefined,
  });
  expect(judgeElection(rash, worlds).wrong).toEqual(['granted while idle should change nothing, and does']);
});

// Work that holds the key by `waitUntil` when `stop()` is called, and then the session is lost: it stands again.
it.fails('is idle in the end once it was asked to stop', () => {
  const ends = alwaysEnds(around(electionMachine), sensible, stopEnds);
  expect(violationsOf(ends)).toEqual([]);
});

it('is idle in the end once it was asked to stop, but for a term that is lost while it winds down', () => {
  const model = around(broken(forgetsStop));
  const found = explore(model, electionChecks, { marks });
  const ends = alwaysEnds(model, found, stopEnds);
  report('election, after stop', ends);
  expect(violationsOf(found)).toEqual([]);
  expect(violationsOf(ends)).toEqual([]);
  expect(ends.bound).toBeGreaterThan(2);
});

// A term that is lost while the work of `lead` goes on, and `start()`: a second term begins beside that work (S9).
it.fails('keeps its rules when start() is called while work of lead goes on or lead leaves', () => {
  expect(violationsOf(startedBesideLead)).toEqual([]);
});

it('keeps all other rules when start() is called while work of lead goes on or lead leaves', () => {
  report('election, started beside lead', startedBesideLead);
  expect([...startedBesideLead.violations.keys()]).toEqual(['no term begins beside work of another']);
  expect(startedBesideLead.complete).toBe(true);
});

// `start()` before `lead` has left: a guarded term that nobody works for. What stops it waits for ever.
it.fails('is idle in the end, also when start() is called while lead leaves', () => {
  expect(violationsOf(alwaysEnds(besideLead, startedBesideLead, stopEnds))).toEqual([]);
});

it.for(electionBreaks)('catches it when $name', ({ instead, rule }) => {
  const mended = (before: Parameters<typeof instead>[0]) => instead(before) ?? forgetsStop.instead(before);
  const model = around(broken({ instead: mended }));
  const isEnding = rule === stopEnds.check;
  const found = explore(model, electionChecks, isEnding ? { marks, maxDepth: 8 } : { until: rule });
  const violation = isEnding ? alwaysEnds(model, found, stopEnds, 500).violation : found.violations.get(rule);
  expect(violation).toMatchObject({ check: rule, path: expect.arrayContaining([expect.any(String)]) });
});

function judgeElection(machine: ElectionMachine, worlds: readonly ElectionWorld[]): ReturnType<typeof judge> {
  const tried = worlds.flatMap((world) =>
    [...unrulySteps(machine, world)].map(({ move, next, raw }) => ({
      phase: world.state.phase,
      type: move,
      changes: keyOf(next) !== keyOf(world) || electionCall(raw.state) !== electionCall(world.state),
    })),
  );
  return judge(electionNoOps, tried);
}
