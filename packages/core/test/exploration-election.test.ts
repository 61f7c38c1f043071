import { expect, it } from 'vitest';
import { electionCall } from '../src/election/state.ts';
import { broken, electionBreaks } from './exploration/election-breaks.ts';
import { electionChecks as stateChecks, startLeads, stopEnds } from './exploration/election-checks.ts';
import { electionSteps } from './exploration/election-moves.ts';
import type { ElectionStep } from './exploration/election-moves.ts';
import { electionMachine, initialWorld, keyOf } from './exploration/election-world.ts';
import type { ElectionMachine, ElectionWorld } from './exploration/election-world.ts';
import { alwaysEnds } from './exploration/ending.ts';
import { electionNoOps, judge } from './exploration/no-ops.ts';
import { report, violationsOf } from './exploration/report.ts';
import { explore } from './exploration/search.ts';
import type { Model } from './exploration/search.ts';
import { unrulySteps } from './exploration/unruly.ts';
import { conductChecks, whatNext } from './exploration/what-next.ts';

const electionChecks = [...stateChecks, ...conductChecks, whatNext];

const around = (machine: ElectionMachine): Model<ElectionWorld, ElectionStep> => ({
  initial: initialWorld,
  keyOf,
  steps: (world) => electionSteps(machine, world),
});

const unruly = (machine: ElectionMachine): Model<ElectionWorld, ElectionStep> => ({
  initial: initialWorld,
  keyOf,
  steps: (world) => unrulySteps(machine, world),
});

const marks = stopEnds.asks;
const sensible = explore(around(electionMachine), electionChecks, { marks });
const anything = explore(unruly(electionMachine), electionChecks);

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

it('is idle in the end once it was asked to stop', () => {
  const ends = alwaysEnds(around(electionMachine), sensible, stopEnds);
  report('election, after stop', ends);
  expect(violationsOf(ends)).toEqual([]);
  expect(ends.bound).toBeGreaterThan(2);
});

it('leads in the end when it stands, and is not asked to stop', () => {
  const model = around(electionMachine);
  const ends = alwaysEnds(model, explore(model, [], { marks: startLeads.asks }), startLeads);
  report('election, after start', ends);
  expect(violationsOf(ends)).toEqual([]);
  expect(ends.bound).toBeGreaterThan(2);
});

it('notices a candidate that stands and never leads', () => {
  const model = around(
    broken({
      instead: ({ before, event }) =>
        event.type === 'released' && before.phase === 'releasing' && before.next === 'stand-back'
          ? { ...before, phase: 'idle' }
          : undefined,
    }),
  );
  const found = explore(model, [], { marks: startLeads.asks });
  expect(alwaysEnds(model, found, startLeads).violation?.check).toBe('who stands leads');
});

it.for(electionBreaks)('catches it when $name', (mistake) => {
  const { rule } = mistake;
  const mistaken = around(broken(mistake));
  const isEnding = rule === stopEnds.check;
  const found = explore(mistaken, electionChecks, isEnding ? { marks, maxDepth: 8 } : { until: rule });
  const violation = isEnding
    ? alwaysEnds(mistaken, found, stopEnds, 500).violation
    : found.violations.get(rule);
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
