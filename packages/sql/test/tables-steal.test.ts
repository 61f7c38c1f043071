import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ClaimLostError, SessionGoneError } from '@tenure/core/store';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './sqlite-files.ts';
import { granted, held, keyOf, recordOf, sessionOf, signal } from './sqlite-store.ts';
import { interposed, sqliteDatabase, storeOver, withoutReturning } from './tables-databases.ts';

const key = keyOf('job');

/** What happens between two statements of somebody who takes a key from a dead session. */
describe.each([
  { dialect: 'with RETURNING', dress: (database: ReturnType<typeof sqliteDatabase>) => database },
  { dialect: 'without RETURNING', dress: withoutReturning },
])('taking a key from a dead session, $dialect', ({ dress }) => {
  async function scene() {
    const file = join(await temporaryFolder(), 'tenure.db');
    const operator = new Libsql(file);
    const others = storeOver(sqliteDatabase(file));
    const holder = await sessionOf(others);
    const grant = await granted(holder, key);
    const hooks: { readonly pattern: RegExp; readonly act: () => Promise<unknown> | void }[] = [];
    const thief = storeOver(
      interposed(dress(sqliteDatabase(file)), async ({ text }) => {
        const due = hooks.findIndex(({ pattern }) => pattern.test(text));
        const [hook] = due === -1 ? [] : hooks.splice(due, 1);
        await hook?.act();
      }),
    );
    /** Once, just before the next statement that looks like that. */
    const before = (pattern: RegExp, act: () => Promise<unknown> | void): void => {
      hooks.push({ pattern, act });
    };
    const expire = (id: string): void => {
      // A minute and a second ago: for a claim, but not long enough for a purge.
      operator
        .prepare('UPDATE tenure_sessions SET expires_at = expires_at - 121000000 WHERE id = ?')
        .run([id]);
    };
    const revive = (id: string): void => {
      operator
        .prepare('UPDATE tenure_sessions SET expires_at = expires_at + 121000000 WHERE id = ?')
        .run([id]);
    };
    const session = await sessionOf(thief);
    const end = async (): Promise<void> => {
      await thief.close();
      await others.close();
      operator.close();
    };
    return { others, holder, grant, session, before, expire, revive, end };
  }

  const DELETE = /^DELETE FROM .*sessions" WHERE id = /u;
  const TAKE = /^UPDATE .*locks" SET session_id = \?/u;

  it('leaves it alone when the holder has renewed since it was seen to be over', async () => {
    const { holder, session, before, expire, revive, end } = await scene();
    expire(holder.id);
    before(DELETE, () => revive(holder.id));
    await held(session, key);
    await holder.renew(signal);
    await end();
  });

  it('leaves it to who was quicker', async () => {
    const { others, holder, session, before, expire, end } = await scene();
    const rival = await sessionOf(others);
    expire(holder.id);
    before(TAKE, () => granted(rival, key));
    const { holder: shown } = await held(session, key);
    expect(shown?.token).toBe((await others.holder(key, signal))?.token);
    await end();
  });

  it('leaves it to a quicker one that has died again, and takes it from that one', async () => {
    const { others, holder, session, before, expire, end } = await scene();
    const rival = await sessionOf(others);
    expire(holder.id);
    let token = 0n;
    before(TAKE, async () => {
      ({ token } = await granted(rival, key));
      expire(rival.id);
    });
    expect((await granted(session, key)).token).toBeGreaterThan(token);
    await end();
  });

  it('hands over what the holder saved at the very last moment', async () => {
    const { holder, grant, session, before, expire, revive, end } = await scene();
    expire(holder.id);
    before(DELETE, async () => {
      revive(holder.id);
      await holder.save(grant, 'the last', 1, signal);
      expire(holder.id);
    });
    expect((await granted(session, key)).checkpoint).toBe('the last');
    await end();
  });

  it('does not take it for a session of its own that has died meanwhile', async () => {
    const { others, holder, session, before, expire, end } = await scene();
    expire(holder.id);
    before(TAKE, () => expire(session.id));
    await expect(session.claim(key, recordOf(), signal)).rejects.toThrow(SessionGoneError);
    expect(await others.holder(key, signal)).toBeUndefined();
    await end();
  });

  it('is held off for now, and may ask again at once, when it loses again and again', async () => {
    const { others, holder, session, before, expire, end } = await scene();
    expire(holder.id);
    for (let i = 0; i < 10; i += 1) {
      before(TAKE, async () => {
        const rival = await sessionOf(others);
        await granted(rival, key);
        expire(rival.id);
      });
    }
    const outcome = await held(session, key);
    expect(outcome.holder).toBeUndefined();
    await session.park(outcome, signal);
    await end();
  });

  it('is not done for a claim that was granted and has been taken: that one is lost', async () => {
    const { others, holder, session, end } = await scene();
    const other = keyOf(randomBytes(4).toString('hex'));
    const { claimId, token } = await granted(session, other);
    await others.evict(other, token, { force: true }, signal);
    await expect(session.claim(other, recordOf(claimId), signal)).rejects.toThrow(ClaimLostError);
    expect((await session.renew(signal)).news).toEqual([{ claimId, what: 'forced' }]);
    await session.release(other, claimId, signal);
    await granted(session, other);
    await holder.close(signal);
    await end();
  });
});
