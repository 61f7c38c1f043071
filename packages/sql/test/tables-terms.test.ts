import { join } from 'node:path';
import { decodeRecord, SessionGoneError } from '@tenure/core/store';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './sqlite-files.ts';
import { granted, keyOf, recordOf, sessionOf, signal } from './sqlite-store.ts';
import { interposed, sqliteDatabase, storeOver } from './tables-databases.ts';

const key = keyOf('job');

describe('lease tables', () => {
  it('show observers a request to let go, also in what the holder announces after it', async () => {
    const store = storeOver(sqliteDatabase(join(await temporaryFolder(), 'tenure.db')));
    const session = await sessionOf(store);
    const grant = await granted(session, key);
    const record = { ...recordOf(grant.claimId), metadata: 'new' };
    await session.announce(grant, record, signal);
    expect(await shown()).toEqual(record);
    await store.evict(key, grant.token, { force: false }, signal);
    expect(await shown()).toEqual({ ...record, evict: true });
    await session.announce(grant, { ...record, metadata: 'newer' }, signal);
    expect(await shown()).toEqual({ ...record, metadata: 'newer', evict: true });
    await session.release(key, grant.claimId, signal);
    const next = await granted(session, key);
    await session.announce(next, recordOf(next.claimId), signal);
    expect(await shown()).toEqual(recordOf(next.claimId));
    await store.close();

    async function shown() {
      return decodeRecord((await store.holder(key, signal))?.value ?? '');
    }
  });

  it('keep an announcement that comes between the look and the request to let go', async () => {
    const file = join(await temporaryFolder(), 'tenure.db');
    const others = storeOver(sqliteDatabase(file));
    const session = await sessionOf(others);
    const grant = await granted(session, key);
    const record = { ...recordOf(grant.claimId), metadata: 'late' };
    let announced = false;
    const operator = storeOver(
      interposed(sqliteDatabase(file), async ({ text }) => {
        if (announced || !text.includes('SET asked = 1')) return;
        announced = true;
        await session.announce(grant, record, signal);
      }),
    );
    expect(await operator.evict(key, grant.token, { force: false }, signal)).toBe(true);
    const { value } = (await others.holder(key, signal))!;
    expect(decodeRecord(value)).toEqual({ ...record, evict: true });
    expect((await session.renew(signal)).news).toEqual([{ claimId: grant.claimId, what: 'evicted' }]);
    await operator.close();
    await others.close();
  });

  it('refuse to renew a session that has expired, although nobody has taken anything from it', async () => {
    const file = join(await temporaryFolder(), 'tenure.db');
    const operator = new Libsql(file);
    const store = storeOver(sqliteDatabase(file));
    const session = await sessionOf(store);
    await granted(session, key);
    operator.prepare('UPDATE tenure_sessions SET expires_at = expires_at - 61000000').run([]);
    expect(await store.holder(key, signal)).toBeUndefined();
    await expect(session.renew(signal)).rejects.toThrow(SessionGoneError);
    await store.close();
    operator.close();
  });

  it("grant higher tokens also after the database's clock was set back", async () => {
    const file = join(await temporaryFolder(), 'tenure.db');
    const operator = new Libsql(file);
    const store = storeOver(sqliteDatabase(file));
    const [session, heir] = [await sessionOf(store), await sessionOf(store)];
    const first = await granted(session, key);
    // As if it had been given out by a clock that was ahead.
    const aheadUs = first.token + 3_600_000_000n;
    operator.prepare('UPDATE tenure_locks SET token = ?').run([aheadUs]);
    await session.release(key, first.claimId, signal);
    const second = await granted(session, key);
    expect(second.token).toBe(aheadUs + 1n);
    operator.prepare('DELETE FROM tenure_sessions WHERE id = ?').run([session.id]);
    expect((await granted(heir, key)).token).toBe(aheadUs + 2n);
    await store.close();
    operator.close();
  });
});
