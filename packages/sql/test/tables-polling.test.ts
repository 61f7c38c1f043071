import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { VirtualClock } from '@tenure/conformance/clock';
import { describe, expect, it } from 'vitest';
import type { Database } from '../src/database.ts';
import { temporaryFolder } from './sqlite-files.ts';
import { granted, held, keyOf, sessionOf, signal, storeOf } from './sqlite-store.ts';
import { interposed, sqliteDatabase, storeOver } from './tables-databases.ts';

const isPoll = (text: string): boolean => /^SELECT l\.namespace.* AS remaining_us/u.test(text);

async function scene(change: (database: Database) => Partial<Database> = () => ({})) {
  const file = join(await temporaryFolder(), 'tenure.db');
  const clock = new VirtualClock();
  const polls: string[] = [];
  const database = sqliteDatabase(file);
  const counting = interposed(database, async ({ text }) => {
    if (isPoll(text)) polls.push(text);
  });
  const store = storeOver({ ...counting, ...change(database) }, { clock });
  /** Until everything that is due by then is done, which takes some turns of the event loop. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };
  return { store, clock, polls, pass, others: storeOf({ file }) };
}

describe('polling', () => {
  it('has one timer while somebody waits, and none before or after', async () => {
    const { store, clock, pass, others } = await scene();
    const holder = await sessionOf(others);
    const { claimId } = await granted(holder, keyOf('job'));
    const session = await sessionOf(store);
    // The purge that follows an open has one while it runs.
    while (clock.alarms > 0) await new Promise(setImmediate);
    const parks = [];
    for (let i = 0; i < 10; i += 1) parks.push(session.park(await held(session, keyOf('job')), signal));
    expect(clock.alarms).toBe(1);
    await holder.release(keyOf('job'), claimId, signal);
    await pass(20);
    await Promise.all(parks);
    await pass(40);
    expect(clock.alarms).toBe(0);
    await store.close();
  });

  it('asks once for all keys that are waited for, and not at all when nothing was written', async () => {
    const { store, polls, pass, others } = await scene((database) => ({
      mayHaveChanged: database.mayHaveChanged!,
    }));
    const holder = await sessionOf(others);
    const session = await sessionOf(store);
    const names = Array.from({ length: 501 }, (_, i) => `job ${i}`);
    const leave = new AbortController();
    setMaxListeners(0, leave.signal);
    const parks = [];
    for (const name of names) {
      await granted(holder, keyOf(name), name);
      parks.push(session.park(await held(session, keyOf(name)), leave.signal).catch(() => name));
    }
    await pass(20);
    expect(polls).toHaveLength(2);
    for (let i = 0; i < 100; i += 1) await pass(20);
    expect(polls).toHaveLength(2);
    await holder.release(keyOf('job 3'), 'job 3', signal);
    await pass(20);
    expect(polls).toHaveLength(4);
    expect(await parks[3]).toBeUndefined();
    leave.abort();
    await Promise.all(parks);
    await store.close();
  });

  it('wakes a waiter when the key has changed hands without having been seen free', async () => {
    const { store, pass, others } = await scene();
    const [first, second] = [await sessionOf(others), await sessionOf(others)];
    const { claimId } = await granted(first, keyOf('job'));
    const session = await sessionOf(store);
    const park = session.park(await held(session, keyOf('job')), signal);
    await first.release(keyOf('job'), claimId, signal);
    await granted(second, keyOf('job'));
    await pass(20);
    await park;
    await store.close();
  });

  it('shows an observer the last state when the key goes back to what it was before others looked', async () => {
    const { store, pass, others } = await scene();
    const holder = await sessionOf(others);
    const leave = new AbortController();
    const early = store.watch(keyOf('job'), leave.signal)[Symbol.asyncIterator]();
    expect((await early.next()).value).toBeUndefined();
    await pass(20);
    const { claimId, token } = await granted(holder, keyOf('job'));
    // Looks for itself, between two polls that both see a free key.
    const late = store.watch(keyOf('job'), leave.signal)[Symbol.asyncIterator]();
    expect((await late.next()).value?.token).toBe(token);
    await holder.release(keyOf('job'), claimId, signal);
    const next = late.next();
    await pass(20);
    expect((await next).value).toBeUndefined();
    leave.abort();
    await early.return?.();
    await store.close();
  });

  it('takes no more than a tenth of the time, however slow the database is', async () => {
    const asked: (() => void)[] = [];
    const { store, pass, others } = await scene((database) => ({
      run: async (statement, runSignal) => {
        if (isPoll(statement.text)) await new Promise<void>((resolve) => asked.push(resolve));
        return database.run(statement, runSignal);
      },
    }));
    await granted(await sessionOf(others), keyOf('job'));
    const session = await sessionOf(store);
    const leave = new AbortController();
    const park = session.park(await held(session, keyOf('job')), leave.signal).catch(() => 'left');
    await pass(20);
    expect(asked).toHaveLength(1);
    await pass(100);
    asked[0]!();
    await pass(800);
    expect(asked).toHaveLength(1);
    await pass(200);
    expect(asked).toHaveLength(2);
    asked[1]!();
    leave.abort();
    expect(await park).toBe('left');
    await store.close();
  });

  it('goes on after a poll that failed, and looks at what it missed', async () => {
    let failing = true;
    const { store, pass, others } = await scene((database) => ({
      mayHaveChanged: database.mayHaveChanged!,
      run: (statement, runSignal) =>
        failing && isPoll(statement.text)
          ? Promise.reject(new Error('no answer'))
          : database.run(statement, runSignal),
    }));
    const holder = await sessionOf(others);
    const { claimId } = await granted(holder, keyOf('job'));
    const session = await sessionOf(store);
    const park = session.park(await held(session, keyOf('job')), signal);
    await holder.release(keyOf('job'), claimId, signal);
    await pass(100);
    failing = false;
    await pass(20);
    await park;
    await store.close();
  });
});
