import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTenure } from '@tenure/core';
import { sqlite } from '@tenure/sql/sqlite';
import { createTask } from 'node-cron';
import type { TaskContext } from 'node-cron';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCoordinator } from '../src/index.ts';
import { App } from './app-process.ts';
import { leads } from './replica.ts';

/** Gone with the test. */
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tenure-node-cron-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Every second from the first to the last of these, but what a process that stood still has missed. */
function everySecond(ticks: readonly string[], missed: readonly string[]): readonly string[] {
  const times = ticks.map((tick) => Date.parse(tick));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const all = Array.from({ length: (last - first) / 1000 + 1 }, (_, second) =>
    new Date(first + second * 1000).toISOString(),
  );
  return all.filter((tick) => ticks.includes(tick) || !missed.includes(tick));
}

describe('processes with a task of every second', () => {
  it('run each tick once, also when the one that leads resigns to one whose clock is behind', async () => {
    const folder = await temporaryFolder();
    const ahead = new App('app', folder, 2000);
    await ahead.said('leads');
    const behind = [0, -500].map((skewMs) => new App('app', folder, skewMs));
    await Promise.all([ahead.said('ran', 3), ...behind.map((app) => app.said('skipped', 2))]);
    ahead.tell('resign');
    await Promise.race(behind.map((app) => app.said('ran', 4)));
    const apps = [ahead, ...behind];
    await Promise.all(apps.map((app) => app.end()));

    const ran = apps.map((app) => app.all('ran'));
    const ticks = ran.flat().toSorted();
    const missed = apps.flatMap((app) => app.all('missed'));
    expect(ticks).toEqual(everySecond(ticks, missed));
    expect(ran.filter((each) => each.length > 0)).toHaveLength(2);
    expect(apps.flatMap((app) => app.all('skipped'))).not.toContain('coordinator-error');
  });
});

describe('the program of the README', () => {
  it('runs each tick on one replica, and on the other once the first was told to end', async () => {
    const folder = await temporaryFolder();
    const first = new App('sample', folder);
    await first.said('ran');
    const second = new App('sample', folder);
    await first.said('ran', 3);
    await first.end('SIGTERM');
    await second.said('ran');
    await second.end('SIGINT');
    const ticks = [...first.all('ran'), ...second.all('ran')];
    expect(new Set(ticks).size).toBe(ticks.length);
    expect(ticks).toEqual(ticks.toSorted());
  });
});

describe('tasks of node-cron in one process', () => {
  /** A replica that tells of each tick of its task whether it ran. */
  function replica(file: string, told: (tick: string, what: 'ran' | 'missed' | 'skipped') => void) {
    const tenure = createTenure({ store: sqlite({ file }) });
    const coordinator = runCoordinator(tenure);
    const tell =
      (what: 'ran' | 'missed' | 'skipped') =>
      ({ date }: TaskContext): void =>
        told(date.toISOString(), what);
    const task = createTask('* * * * * *', tell('ran'), {
      name: 'every-second',
      distributed: true,
      runCoordinator: coordinator,
      suppressMissedWarning: true,
    });
    task.on('execution:missed', tell('missed'));
    task.on('execution:skipped', tell('skipped'));
    onTestFinished(async () => {
      await task.destroy();
      await tenure.close();
    });
    return { tenure, coordinator, task };
  }

  it('run each tick once, on the replica that leads, while leaders resign and leave', async () => {
    const file = join(await temporaryFolder(), 'tenure.db');
    const runs: { readonly tick: string; readonly id: number }[] = [];
    const missed: string[] = [];
    const waiters = new Set<() => void>();
    const ran = (times: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => void (runs.length >= times && resolve());
        waiters.add(look);
        look();
      });
    const all = Array.from({ length: 3 }, (_, id) =>
      replica(file, (tick, what) => {
        if (what === 'missed') missed.push(tick);
        if (what === 'ran') runs.push({ tick, id });
        for (const look of waiters) look();
      }),
    );
    await Promise.race(all.map((each) => leads(each)));
    for (const { task } of all) await task.start();

    await ran(2);
    await all[runs[1]!.id]!.coordinator.election.resign();
    await ran(4);
    await all[runs[3]!.id]!.tenure.close();
    await ran(6);

    const ticks = runs.map(({ tick }) => tick);
    expect(ticks).toEqual(everySecond(ticks, missed));
    expect(new Set(runs.map(({ id }) => id)).size).toBeGreaterThan(1);
  });
});
