import { expect, it } from 'vitest';
import { sessionCall } from '../src/session/state.ts';
import { alwaysEnds } from './exploration/ending.ts';
import { judge, sessionNoOps } from './exploration/no-ops.ts';
import { report, violationsOf } from './exploration/report.ts';
import { explore } from './exploration/search.ts';
import type { Model } from './exploration/search.ts';
import { broken, sessionBreaks } from './exploration/session-breaks.ts';
import { closeEnds, sessionChecks } from './exploration/session-checks.ts';
import {
  everything,
  initialWorld,
  keyOf,
  sessionMachine,
  sessionSteps,
} from './exploration/session-world.ts';
import type { SessionMachine, SessionStep, SessionWorld } from './exploration/session-world.ts';

const around = (machine: SessionMachine): Model<SessionWorld, SessionStep> => ({
  initial: initialWorld,
  keyOf,
  steps: (world) => sessionSteps(machine, world),
});

const model = around(sessionMachine);
const found = explore(model, sessionChecks, { marks: closeEnds.asks });

it('keeps its rules in every state that a store and two clocks can bring about, at any depth', () => {
  report('session', found);
  expect(violationsOf(found)).toEqual([]);
  expect(found.complete).toBe(true);
});

it('is closed in the end once it was asked to close, whether or not the store ever answers', () => {
  const ends = alwaysEnds(model, found, closeEnds);
  report('session, after close', ends);
  expect(violationsOf(ends)).toEqual([]);
  expect(ends.bound).toBeGreaterThan(2);
});

it('ignores no event by omission', () => {
  expect(judgeSession(sessionMachine).wrong).toEqual([]);
});

it('notices an event that is ignored by omission', () => {
  const deaf: SessionMachine = (state, event, timing) =>
    event.type === 'manual' ? state : sessionMachine(state, event, timing);
  expect(judgeSession(deaf).wrong).toEqual(['manual while live is ignored, and nobody says why']);
});

it.for(sessionBreaks)('catches it when $name', (mistake) => {
  const { rule } = mistake;
  const mistaken = around(broken(mistake));
  const isEnding = rule === closeEnds.check;
  const search = explore(
    mistaken,
    sessionChecks,
    isEnding ? { marks: closeEnds.asks, maxDepth: 4 } : { until: rule },
  );
  const violation = isEnding
    ? alwaysEnds(mistaken, search, closeEnds, 500).violation
    : search.violations.get(rule);
  expect(violation).toMatchObject({ check: rule, path: expect.arrayContaining([expect.any(String)]) });
});

function judgeSession(machine: SessionMachine): ReturnType<typeof judge> {
  const tried = found.worlds.flatMap((world) =>
    everything(machine, world).map(({ event, before, after, next }) => ({
      phase: world.state.phase,
      type: event.type,
      changes: keyOf(next) !== keyOf(world) || sessionCall(after) !== sessionCall(before),
    })),
  );
  return judge(sessionNoOps, tried);
}
