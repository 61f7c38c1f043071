import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTenure, openStore } from '@tenure/core';
import type { Tenure } from '@tenure/core';
import { schedule } from '@tenure/scheduler';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenure-scheduler-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('two tenures on one SQLite file run every tick once, and go on where the other left off', async () => {
  const ran: { readonly who: string; readonly tick: number; readonly token: bigint }[] = [];
  const notes = new Set<() => void>();
  const until = (done: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!done()) return;
        notes.delete(check);
        resolve();
      };
      notes.add(check);
      check();
    });
  const replica = async (who: string): Promise<Tenure> => {
    const store = await openStore(`sqlite:${join(folder, 'tenure.db')}`);
    const tenure = createTenure({ store, candidate: { id: who }, ttlMs: 3000 });
    schedule(
      tenure.election('jobs'),
      ({ scheduledAt, token }) => {
        ran.push({ who, tick: scheduledAt.getTime(), token });
        for (const note of notes) note();
      },
      { everyMs: 100, onMissed: 'run-all' },
    );
    return tenure;
  };
  const replicas = { a: await replica('a'), b: await replica('b') };
  await until(() => ran.length >= 5);
  const first = ran[0]?.who === 'a' ? 'a' : 'b';
  const second = first === 'a' ? 'b' : 'a';
  await replicas[first].close();
  await until(() => ran.some(({ who }) => who === second));
  const moved = ran.findIndex(({ who }) => who === second);
  await until(() => ran.length >= moved + 5);
  await replicas[second].close();

  const ticks = ran.map(({ tick }) => tick);
  expect(new Set(ran.slice(0, moved).map(({ who }) => who))).toEqual(new Set([first]));
  expect(ran.slice(moved).every(({ who }) => who === second)).toBe(true);
  expect(ran.at(-1)!.token > ran[0]!.token).toBe(true);
  expect(ticks).toEqual([...new Set(ticks)].toSorted((x, y) => x - y));
});
