import { checkHistory } from '../history/index.ts';
import type { HistoryEvent, Promises, Verdict } from '../history/index.ts';
import { MemorySpace } from '@tenure/core/memory';
import { Chronicle } from './chronicle.ts';
import { Crew } from './crew.ts';
import { Dice } from './dice.ts';
import { Disasters } from './disaster.ts';
import { leaderWithinMs, settingOf } from './setting.ts';
import type { Setting } from './setting.ts';
import { NAMESPACE, World } from './world.ts';
import { VirtualClock } from '../virtual-clock.ts';

/** One history, and what it was found to be. */
export interface Story {
  readonly setting: Setting;
  readonly events: readonly HistoryEvent[];
  readonly promises: Promises;
  readonly verdict: Verdict;
  /** By kind, those of single calls too. */
  readonly faults: Readonly<Record<string, number>>;
  readonly virtualMs: number;
}

/** Plays the history of that seed: the same seed, the same history, to the last digit. */
export async function simulate(seed: number): Promise<Story> {
  const dice = new Dice(seed);
  const setting = settingOf(seed, dice);
  const clock = new VirtualClock({ between: 'promises' });
  const startMs = clock.now().monoMs;
  const space = new MemorySpace({ clock });
  const chronicle = new Chronicle(() => clock.now().monoMs - startMs);
  const world = new World({ setting, clock, space, dice, chronicle });
  const crew = new Crew(world);
  const onRejection = (error: unknown): void => chronicle.scandal(`nobody heard of ${String(error)}`);
  process.on('unhandledRejection', onRejection);
  try {
    for (let index = 0; index < setting.processes; index++) crew.hire(`p${index + 1}`, false);
    await storm(world, crew);
    const stoodFor = await calmDown(world, crew);
    await clock.advance(leaderWithinMs(setting));
    await closeDown(world, crew);
    // Rejections are told when everything else has been.
    await new Promise(setImmediate);
    const promises: Promises = {
      leaderWithinMs: leaderWithinMs(setting),
      toldWithinMs: setting.ttlMs / 8,
      disjoint: !setting.wild,
      slackMs: 0,
      stoodFor,
      endAt: chronicle.now,
    };
    const verdict = checkHistory(chronicle.events, promises);
    const faults = { ...chronicle.faults };
    for (const [fault, count] of Object.entries(verdict.faults)) faults[fault] = (faults[fault] ?? 0) + count;
    return { setting, events: chronicle.events, promises, verdict, faults, virtualMs: chronicle.now };
  } finally {
    process.off('unhandledRejection', onRejection);
  }
}

async function storm(world: World, crew: Crew): Promise<void> {
  const { setting, clock, dice, chronicle } = world;
  const disasters = new Disasters(world, crew);
  for (;;) {
    const leftMs = setting.stormMs - chronicle.now;
    const waitMs = dice.waitMs(setting.meanCalmMs);
    await clock.advance(Math.max(0, Math.min(waitMs, leftMs)));
    if (waitMs >= leftMs) break;
    await disasters.strike();
  }
  await disasters.end();
}

/** Everybody who is there stands for what it stood for, and holds on to what it wins. */
async function calmDown(world: World, crew: Crew): Promise<readonly string[]> {
  world.isCalm = true;
  world.isDown = false;
  world.chronicle.tell({ what: 'healed', fault: 'everything' });
  if (!crew.any(world.dice)) crew.hire('p0', false);
  const stoodFor = new Set<string>();
  for (const { process, candidates } of crew.staff) {
    if (process.isClosing) continue;
    for (const { key, election } of candidates) {
      stoodFor.add(key);
      election?.start();
    }
  }
  return [...stoodFor];
}

async function closeDown(world: World, crew: Crew): Promise<void> {
  const { clock, space, setting, chronicle } = world;
  for (const { process } of crew.staff) process.stopObserving();
  const open = new Set(crew.staff);
  for (const staff of crew.staff) void staff.process.close().then(() => open.delete(staff));
  for (let waits = 0; open.size > 0 && waits < 10; waits++) await clock.advance(setting.ttlMs);
  for (const { process } of open) chronicle.scandal(`${process.name} does not close`);
  // Time for what is still on its way, and for sessions that nobody knows of.
  await clock.advance(2 * setting.ttlMs);
  const left = [
    ...space.keys(NAMESPACE).map((key) => `key ${key}`),
    ...space.sessions().map((id) => `session ${id}`),
  ];
  if (left.length > 0) chronicle.scandal(`left in the store: ${left.join(', ')}`);
  if (clock.alarms > 0) chronicle.scandal(`${clock.alarms} alarms were left behind`);
  for (const tell of world.unanswered) tell();
}
