import { join } from 'node:path';
import { VirtualClock } from '@tenure/conformance/clock';
import type { Store, StoreSession } from '@tenure/core/store';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { sqlite } from '../src/sqlite.ts';
import { temporaryFolder } from './sqlite-files.ts';
import { granted, keyOf, recordOf, sessionOf, signal, storeOf } from './sqlite-store.ts';
import { interposed, sqliteDatabase, storeOver } from './tables-databases.ts';

/** So long ago that it may be forgotten, for a retention of a day. */
const LONG_US = 25 * 3600 * 1_000_000;

class Operator {
  readonly database: InstanceType<typeof Libsql>;

  constructor(file: string) {
    this.database = new Libsql(file);
  }

  run(text: string, ...values: unknown[]): number {
    return this.database.prepare(text).run(values).changes;
  }

  count(): number {
    const [row] = this.database.prepare('SELECT count(*) AS count FROM tenure_locks').all([]);
    return (row as { count: number }).count;
  }

  names(): string[] {
    const rows = this.database.prepare('SELECT name FROM tenure_locks ORDER BY name').all([]);
    return (rows as { name: string }[]).map(({ name }) => name);
  }

  sessions(): string[] {
    const rows = this.database.prepare('SELECT id FROM tenure_sessions').all([]);
    return (rows as { id: string }[]).map(({ id }) => id);
  }
}

/** Looks again with every turn of the event loop. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise(setImmediate);
}

/** A purge follows every open. */
const purge = (store: Store): Promise<StoreSession> => sessionOf(store);

describe('what nobody needs any more', () => {
  it(
    'goes: of 100,000 locks none is left, but what is held, has a checkpoint or was free only lately',
    { timeout: 400_000 },
    async () => {
      const file = join(await temporaryFolder(), 'tenure.db');
      // Not to wait 200,000 times for the disk.
      const database = new Libsql(file);
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
      const store = sqlite({ database });
      const session = await sessionOf(store, 3_600_000);
      const claim = async (name: string): Promise<() => Promise<void>> => {
        const { claimId } = await granted(session, keyOf(name), name);
        return () => session.release(keyOf(name), claimId, signal);
      };
      for (let i = 0; i < 100_000; i += 1) await (await claim(`lock ${i}`))();
      const releaseSaved = await claim('with checkpoint');
      const [saved] = await store.list(keyOf('with checkpoint'), signal);
      await session.save(
        {
          outcome: 'granted',
          key: keyOf('with checkpoint'),
          claimId: 'with checkpoint',
          token: saved!.token,
          checkpoint: undefined,
          announced: true,
        },
        'page 1',
        1,
        signal,
      );
      await releaseSaved();
      const forgotten = await granted(session, keyOf('lock 7'));
      await session.release(keyOf('lock 7'), forgotten.claimId, signal);
      await claim('held');
      const operator = new Operator(file);
      expect(operator.run('UPDATE tenure_locks SET idle_at = idle_at - ?', LONG_US)).toBe(100_002);
      await (
        await claim('free lately')
      )();

      await purge(store);
      await until(() => operator.count() <= 3);
      expect(operator.names()).toEqual(['free lately', 'held', 'with checkpoint']);
      expect((await granted(session, keyOf('lock 7'))).token).toBeGreaterThan(forgotten.token);
      const heir = await sessionOf(store);
      expect((await granted(heir, keyOf('with checkpoint'))).checkpoint).toBe('page 1');
      await store.close();
      operator.database.close();
      database.close();
    },
  );

  it('goes: sessions that expired long ago, and what they held becomes free', async () => {
    const file = join(await temporaryFolder(), 'tenure.db');
    const store = storeOf({ file });
    const [dead, lately, live] = [await sessionOf(store), await sessionOf(store), await sessionOf(store)];
    const { token } = await granted(dead, keyOf('of the dead'));
    await granted(live, keyOf('of the living'));
    const operator = new Operator(file);
    operator.run('UPDATE tenure_sessions SET expires_at = expires_at - ? WHERE id = ?', LONG_US, dead.id);
    operator.run(
      'UPDATE tenure_sessions SET expires_at = 1 + expires_at - 120000000 WHERE id = ?',
      lately.id,
    );
    const purger = await purge(store);
    await until(() => !operator.sessions().includes(dead.id));
    expect(operator.sessions().toSorted()).toEqual([lately.id, live.id, purger.id].toSorted());
    const free = operator.database.prepare('SELECT name FROM tenure_locks WHERE session_id IS NULL');
    await until(() => free.all([]).length > 0);
    expect(free.all([])).toEqual([{ name: 'of the dead' }]);
    expect((await granted(live, keyOf('of the dead'))).token).toBeGreaterThan(token);
    expect((await store.list(keyOf(''), signal)).map(({ key }) => key)).toEqual([
      'of the dead',
      'of the living',
    ]);
    operator.database.close();
  });

  it('does not go when it has come to life between the look and the deletion', async () => {
    const file = join(await temporaryFolder(), 'tenure.db');
    const clock = new VirtualClock();
    const others = storeOver(sqliteDatabase(file), { clock });
    const [revived, dead, heir] = [await sessionOf(others), await sessionOf(others), await sessionOf(others)];
    await granted(revived, keyOf('kept'));
    await granted(dead, keyOf('moved'));
    const idle = await granted(heir, keyOf('idle'));
    await heir.release(keyOf('idle'), idle.claimId, signal);
    // Its own purges are over, so that they take nothing of what follows.
    await until(() => clock.alarms === 0);
    const operator = new Operator(file);
    const age = 'UPDATE tenure_sessions SET expires_at = expires_at - ? WHERE id = ?';
    operator.run(age, LONG_US, revived.id);
    operator.run('DELETE FROM tenure_sessions WHERE id = ?', dead.id);
    operator.run('UPDATE tenure_locks SET idle_at = idle_at - ?', LONG_US);
    const done: string[] = [];
    const purger = storeOver(
      interposed(sqliteDatabase(file), async ({ text }) => {
        if (/^DELETE FROM .*sessions" WHERE id IN/u.test(text)) {
          operator.run(age, -LONG_US, revived.id);
          done.push('sessions');
        } else if (/^UPDATE .*locks".* WHERE \(namespace/u.test(text)) {
          await granted(heir, keyOf('moved'));
          done.push('orphans');
        } else if (/^DELETE FROM .*locks/u.test(text)) {
          await granted(heir, keyOf('idle'));
          done.push('idle');
        }
      }),
    );
    await purge(purger);
    await until(() => done.length === 3);
    await purger.close();
    await revived.renew(signal);
    expect((await others.list(keyOf(''), signal)).map(({ key }) => key)).toEqual(['idle', 'kept', 'moved']);
    await others.close();
    operator.database.close();
  });

  it('is looked for beside sessions that come, claim and go, and never costs one that lives its lock', async () => {
    const file = join(await temporaryFolder(), 'tenure.db');
    const operator = new Operator(file);
    const work = new AbortController();
    const purging = (async () => {
      while (!work.signal.aborted) {
        const store = sqlite({ file, retainMs: 1000 });
        const session = await purge(store);
        await new Promise(setImmediate);
        await session.close(signal);
        await store.close();
      }
    })();
    const workers = Array.from({ length: 4 }, async (_, worker) => {
      const store = sqlite({ file });
      for (let round = 0; round < 12; round += 1) {
        const session = await sessionOf(store);
        const name = `${worker % 2}`;
        const record = recordOf();
        for (;;) {
          const outcome = await session.claim(keyOf(name), record, signal);
          if (outcome.outcome === 'granted') break;
          await new Promise(setImmediate);
        }
        for (let i = 0; i < 10; i += 1) {
          await new Promise(setImmediate);
          expect((await store.holder(keyOf(name), signal))?.value).toContain(record.claimId);
        }
        // As a crash and a long time; or as it should be.
        if (round % 2 === 0) operator.run('DELETE FROM tenure_sessions WHERE id = ?', session.id);
        else await session.close(signal);
      }
      await store.close();
    });
    await Promise.all(workers);
    work.abort();
    await purging;
    operator.database.close();
  });
});
