import mysql2 from 'mysql2';
import { InvalidArgumentError, NotAppliedError, StoreUnavailableError } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { flavours } from './mysql-operator.ts';
import { Scene, USER } from './mysql-scene.ts';
import { eventually, failure, grant, never, nonce, open } from './postgres-candidate.ts';

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`what ${flavour} refuses`, () => {
    const scene = new Scene(flavour);
    beforeAll(() => scene.set());
    afterEach(() => scene.clear());
    afterAll(() => scene.strike());

    test('lock time-outs and killed statements were certainly not applied', async () => {
      const pool = scene.poolOf(3);
      pool.on('connection', (connection) => void connection.query('SET innodb_lock_wait_timeout = 1'));
      const session = await open(scene.storeOf({ pool }));
      await using locker = await scene.operator.session();
      await locker.beginTransaction();
      await locker.query('SELECT * FROM tenure_sessions FOR UPDATE');
      const error = await failure(session.renew(never));
      expect(error).toBeInstanceOf(NotAppliedError);
      expect(error.message).toMatch(
        /MySQL at 127\.0\.0\.1:\d+\/tenure: Lock wait timeout.*\(ER_LOCK_WAIT_TIMEOUT\)/u,
      );
      const renewal = failure(session.renew(never));
      await eventually(async () => {
        const waiting = (await scene.operator.connectionsOf(USER)).filter(({ info }) =>
          info?.startsWith('UPDATE'),
        );
        expect(waiting.length).toBeGreaterThan(0);
        await Promise.all(waiting.map(({ id }) => scene.operator.ask(`KILL QUERY ${id}`)));
      });
      expect(await renewal).toBeInstanceOf(NotAppliedError);
      await locker.rollback();
      await session.renew(never);
    });

    test('a victim of a deadlock was certainly not applied', async () => {
      const session = await open(scene.storeOf({ url: scene.url }));
      const namespace = nonce();
      for (const name of ['a', 'b']) await grant(session, { namespace, name });
      await using locker = await scene.operator.session();
      await locker.beginTransaction();
      // Whoever has changed less is the victim.
      await locker.query('CREATE TEMPORARY TABLE weight (n int) ENGINE = InnoDB');
      await locker.query(`INSERT INTO weight VALUES ${Array.from({ length: 500 }, () => '(1)').join(', ')}`);
      const lock = (name: string): Promise<unknown> =>
        locker.query('SELECT * FROM tenure_locks WHERE namespace = ? AND name = ? FOR UPDATE', [
          namespace,
          name,
        ]);
      await lock('b');
      const ending = failure(session.close(never));
      await eventually(async () => {
        const texts = (await scene.operator.connectionsOf(USER)).map(({ info }) => info ?? '');
        expect(texts.filter((text) => text.startsWith('UPDATE'))).toHaveLength(1);
      });
      await lock('a');
      const error = await ending;
      expect(error).toBeInstanceOf(NotAppliedError);
      expect(error.message).toContain('(ER_LOCK_DEADLOCK)');
      await locker.rollback();
      await session.close(never);
    });

    test('a server that has become read-only is trouble, and the connection is not used again', async () => {
      const session = await open(scene.storeOf({ url: scene.url }));
      await scene.operator.quiet();
      const before = new Set((await scene.operator.connectionsOf(USER)).map(({ id }) => id));
      await scene.operator.ask('SET GLOBAL read_only = 1');
      try {
        const error = await failure(session.renew(never));
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(error.message).toContain('read-only');
      } finally {
        await scene.operator.ask('SET GLOBAL read_only = 0');
      }
      await session.renew(never);
      await eventually(async () => {
        const left = (await scene.operator.connectionsOf(USER)).filter(({ id }) => before.has(id));
        expect(left).toEqual([]);
      });
    });

    test('a server that has no more connections to give is trouble, not a refusal', async () => {
      const hog = mysql2.createPool({ uri: scene.operator.url, connectionLimit: 100 }).promise();
      const taken = await Promise.allSettled(Array.from({ length: 70 }, () => hog.getConnection()));
      const error = await failure(open(scene.storeOf({ url: scene.url })));
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error.message).toContain('(ER_CON_COUNT_ERROR)');
      for (const one of taken) if (one.status === 'fulfilled') one.value.destroy();
      await hog.end();
      await eventually(() => open(scene.storeOf({ url: scene.url })));
    });

    test('a checkpoint that the server takes for too large a packet is refused with advice', async () => {
      const [row] = await scene.operator.ask<{ size: number }>('SELECT @@GLOBAL.max_allowed_packet AS size');
      await scene.operator.ask('SET GLOBAL max_allowed_packet = 262144');
      try {
        const session = await open(scene.storeOf({ url: scene.url }));
        const granted = await grant(session, { namespace: nonce(), name: 'large' });
        const error = await failure(session.save(granted, 'x'.repeat(500 * 1024), 1, never));
        expect([InvalidArgumentError, StoreUnavailableError]).toContain(error.constructor);
        if (error instanceof InvalidArgumentError)
          expect(error.message).toContain('Raise max_allowed_packet');
        await session.save(granted, 'x', 2, never);
      } finally {
        await scene.operator.ask('SET GLOBAL max_allowed_packet = ?', [row!.size]);
      }
    });
  });
}
