import { startProxy } from '@tenure/conformance/network';
import type { Proxy } from '@tenure/conformance/network';
import { SessionGoneError } from '@tenure/core/store';
import type { Granted, Store, StoreSession } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { migrate, mysql } from '../src/mysql.ts';
import { dialect } from '../src/mysql/dialect.ts';
import { flavours, stage, urlWith } from './mysql-operator.ts';
import type { Stage } from './mysql-operator.ts';
import { eventually, failure, grant, never, nonce, open, record, win } from './postgres-candidate.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex');

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`what a claim writes into ${flavour}`, () => {
    let place: Stage;
    let proxy: Proxy;
    const stores: Store[] = [];

    beforeAll(async () => {
      place = await stage(flavour);
      await migrate({ url: place.url });
      proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(place.url).port) });
    });

    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
    });

    afterAll(async () => {
      await proxy.close();
      await place.operator.close();
      await place.server.stop();
    });

    const session = (url: string, ttlMs?: number): Promise<StoreSession> => {
      const store = mysql({ url });
      stores.push(store);
      return open(store, ttlMs);
    };

    const histories = [
      { what: 'a key that nobody ever had', taking: 's.id, ', prepare: async () => 0n },
      {
        what: 'a key that was released',
        taking: 's.id, ',
        prepare: async (name: string) => {
          const before = await session(place.url);
          const granted = await grant(before, { namespace: 'claims', name });
          await before.release(granted.key, granted.claimId, never);
          return granted.token;
        },
      },
      {
        what: "a dead session's key",
        taking: 'claim_id = ',
        prepare: async (name: string) => {
          const before = await session(place.url);
          const { token } = await grant(before, { namespace: 'claims', name });
          // Not gone: what points to nobody's row is freed in the background.
          await place.operator.ask(`UPDATE tenure_sessions SET expires_at = ${dialect.nowUs} WHERE id = ?`, [
            before.id,
          ]);
          return token;
        },
      },
    ];

    test.for(histories)(
      'when the answer to the taking of $what is lost, the repeated claim is the same grant, and only it',
      async ({ taking, prepare }) => {
        const name = nonce();
        const key = { namespace: 'claims', name };
        const before = await prepare(name);
        const claimant = await session(urlWith(place.url, { port: String(proxy.port) }));
        const mine = record();
        // Not the statements before it, in which the claim id stands elsewhere.
        const cut = proxy.cutAnswer({ matching: `${taking}X'${hex(mine.claimId)}', ` });
        await failure(claimant.claim(key, mine, never));
        await cut;
        const [row] = await place.operator.ask<{ token: number; claim_id: Buffer }>(
          'SELECT token, claim_id FROM tenure_locks WHERE namespace = ? AND name = ?',
          ['claims', name],
        );
        expect(row?.claim_id.toString(), 'the claim was written').toBe(mine.claimId);
        const granted = (await claimant.claim(key, mine, never)) as Granted;
        expect([granted.outcome, granted.token]).toEqual(['granted', BigInt(row!.token)]);
        expect(granted.token).toBeGreaterThan(before);
        expect((await claimant.renew(never)).news).toEqual([]);
      },
    );

    test('tokens beyond what a number can hold stay exact, and rise by one', async () => {
      const key = { namespace: 'claims', name: nonce() };
      const one = await session(place.url);
      const first = await grant(one, key);
      await one.release(key, first.claimId, never);
      const large = 2n ** 62n + 1n;
      await place.operator.ask('UPDATE tenure_locks SET token = ? WHERE name = ?', [String(large), key.name]);
      const second = await grant(one, key);
      expect(second.token).toBe(large + 1n);
      await one.save(second, 'x', 1, never);
      expect((await one.renew(never)).news).toEqual([]);
      expect((await stores.at(-1)!.holder(key, never))?.token).toBe(large + 1n);
    });

    const isOver = async ({ id }: StoreSession): Promise<void> => {
      const rows = await place.operator.ask(
        `SELECT 1 FROM tenure_sessions WHERE id = ? AND expires_at < ${dialect.nowUs}`,
        [id],
      );
      expect(rows, `the expired sessions ${id}`).toHaveLength(1);
    };

    /** The statement of that kind that waits for a row. */
    const waits = async (kind: string): Promise<void> => {
      const rows = await place.operator.ask<{ info: string | null }>('SHOW PROCESSLIST');
      const texts = rows.map((row) => (row as unknown as { Info: string | null }).Info ?? '');
      expect(
        texts.filter((text) => text.startsWith(`${kind} `) && text.includes('tenure_sessions')),
      ).toHaveLength(1);
    };

    test('who finds a session expired takes nothing from it if it is renewed at that moment', async () => {
      const holder = await session(place.url);
      const key = { namespace: 'claims', name: nonce() };
      await grant(holder, key);
      await place.operator.ask(`UPDATE tenure_sessions SET expires_at = ${dialect.nowUs} WHERE id = ?`, [
        holder.id,
      ]);
      await using locker = await place.operator.session();
      await locker.beginTransaction();
      // As a renewal of an hour that was not committed yet.
      await locker.query(
        `UPDATE tenure_sessions SET expires_at = ${dialect.nowUs} + 3600000000 WHERE id = ?`,
        [holder.id],
      );
      const thief = (await session(place.url)).claim(key, record(), never);
      await eventually(() => waits('DELETE'));
      await locker.commit();
      expect((await thief).outcome).toBe('held');
      await holder.renew(never);
    });

    test('a renewal that had to wait for the row gives no more than its TTL from when it was asked', async () => {
      const holder = await session(place.url, 3000);
      const key = { namespace: 'claims', name: nonce() };
      await grant(holder, key);
      await using locker = await place.operator.session();
      await locker.beginTransaction();
      await locker.query('SELECT * FROM tenure_sessions WHERE id = ? FOR UPDATE', [holder.id]);
      const late = holder.renew(never);
      await eventually(() => waits('UPDATE'));
      const [row] = await place.operator.ask<{ us: number }>(`SELECT ${dialect.nowUs} AS us`);
      await eventually(() => isOver(holder));
      await locker.commit();
      await late;
      const [renewed] = await place.operator.ask<{ us: number }>(
        'SELECT expires_at AS us FROM tenure_sessions WHERE id = ?',
        [holder.id],
      );
      expect(renewed!.us).toBeLessThanOrEqual(row!.us + 3_000_000);
      await win(await session(place.url), key);
      expect(await failure(holder.renew(never))).toBeInstanceOf(SessionGoneError);
    });
  });
}
