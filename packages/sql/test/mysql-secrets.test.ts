import { inspect } from 'node:util';
import mysql2 from 'mysql2';
import { AccessDeniedError, InvalidArgumentError, StoreUnavailableError } from '@tenure/core/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTablesSql, migrate, mysql, openUrl } from '../src/mysql.ts';
import { failure as failureOf } from '../src/mysql/failure.ts';
import { flavours, stage } from './mysql-operator.ts';
import type { Stage } from './mysql-operator.ts';
import { failure, never, open } from './postgres-candidate.ts';

const MARK = 'mark3dPassw0rd';

/** Everything that a log could show of it. */
function shown(value: unknown): string {
  const all = inspect(value, { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null });
  const { stack = '', cause } = value as Error;
  return `${all} ${String(value)} ${stack} ${JSON.stringify(value)} ${cause === undefined ? '' : shown(cause)}`;
}

const thrown = (make: () => unknown): Error => {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
};

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`passwords of ${flavour}`, () => {
    let place: Stage;
    let url: URL;

    beforeAll(async () => {
      place = await stage(flavour, { password: MARK });
      url = new URL(place.url);
    });

    afterAll(async () => {
      await place.operator.close();
      await place.server.stop();
    });

    const changed = (change: Partial<Record<'port' | 'password' | 'pathname' | 'search', string>>): string =>
      Object.assign(new URL(url), change).href;

    test.for([
      ['a connection that is refused', () => changed({ port: '1' }), StoreUnavailableError, 'ECONNREFUSED'],
      [
        'a wrong password',
        () => changed({ password: `${MARK}x` }),
        AccessDeniedError,
        'ER_ACCESS_DENIED_ERROR',
      ],
      ['no password', () => changed({ password: '' }), AccessDeniedError, 'ER_ACCESS_DENIED_ERROR'],
      ['an unknown database', () => changed({ pathname: '/nowhere' }), AccessDeniedError, 'ER_BAD_DB_ERROR'],
      ['missing tables', () => url.href, InvalidArgumentError, 'ER_NO_SUCH_TABLE'],
    ] as const)('%s shows none', async ([, given, kind, words]) => {
      const pool = mysql2.createPool(given());
      for (const options of [{ url: given() }, { connection: { uri: given() } }, { pool }]) {
        const store = mysql(options);
        const error = await failure(open(store));
        expect(error).toBeInstanceOf(kind);
        expect(error.message).toContain(words);
        expect(error.message).toContain('MySQL at 127.0.0.1:');
        expect(shown(error)).not.toContain(MARK);
        expect(shown(store)).not.toContain(MARK);
        await store.close();
        expect(shown(await failure(open(store)))).not.toContain(MARK);
      }
      await pool.promise().end();
    });

    test('a server without TLS is not talked to in the clear by who asked for it', async () => {
      for (const ssl of ['true', '{"rejectUnauthorized":true}']) {
        const store = mysql({ url: changed({ search: `?ssl=${encodeURIComponent(ssl)}` }) });
        const error = await failure(open(store));
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(error.message).toMatch(/TLS|SSL|secure|certificate/iu);
        await store.close();
      }
    });

    test('neither a store that works nor its session shows any', async () => {
      await migrate({ url: url.href });
      const store = openUrl(url.href);
      const session = await open(store);
      expect(shown(store)).not.toContain(MARK);
      expect(shown(session)).not.toContain(MARK);
      await session.renew(never);
      await store.close();
    });
  });
}

describe('a URL of MySQL', () => {
  test.for([
    `mysql://user:${MARK}@host:99999/db`,
    `mysql://user:${MARK}@ho st/db`,
    `mysql://user:${MARK}%@host/db`,
    `http://user:${MARK}@host/db`,
    `mysql://user:${MARK}/x@host/db`,
    `mysql:user:${MARK}`,
    `mysql://user:${MARK}@host/db?pollMs=often`,
    `mysql://user:${MARK}@host/db?retainMs=soon`,
    `mysql://user:${MARK}@host/db?ssl-mode=REQUIRED`,
    `mysql://user@host/db?password=${MARK}`,
    `mysql://host/db?password=${MARK}&maxConnections=many`,
    MARK,
  ])('%s is refused without being shown', (bad) => {
    const error = thrown(() => openUrl(bad));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(shown(error)).not.toContain(MARK);
  });
});

describe('options of MySQL', () => {
  test.for([
    [{}, 'one of url, connection and pool, got none'],
    [{ url: 'mysql://h/d', connection: {} }, 'got url and connection'],
    [{ connection: 'mysql://h/d' }, 'connection must be what mysql2.createConnection takes'],
    [{ pool: {} }, 'pool must be a pool of mysql2'],
    [{ url: 'postgres://h/d' }, 'got one of postgres:'],
    [{ url: 'mysql://h/d', maxConnections: 1 }, 'at least 2, got 1'],
    [{ url: 'mysql://h/d', pollMs: 0 }, 'at least 1, got 0'],
    [{ url: 'mysql://h/d', tablePrefix: '😀' }, 'beyond U+FFFF'],
    [{ url: 'mysql://h/d', schema: 'x ' }, 'a space at its end'],
    [{ url: 'mysql://h/d', shcema: 'x' }, 'no option "shcema"'],
  ] as const)('%o is refused: %s', ([options, words]) => {
    const error = thrown(() => mysql(options as never));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toContain(words);
  });

  test('what the driver does not take is refused when it connects', async () => {
    const store = mysql({ connection: { host: '127.0.0.1', ssl: 'nonsense' } });
    expect(await failure(open(store))).toBeInstanceOf(InvalidArgumentError);
    await store.close();
  });

  test('the SQL quotes its names', () => {
    expect(createTablesSql({ schema: 'a`b', tablePrefix: 'c`d' })).toContain('`a``b`.`c``dlocks`');
    expect(createTablesSql()).toContain('CREATE TABLE IF NOT EXISTS `tenure_sessions`');
  });

  test('what Node.js says of a URL that is none is not passed on', () => {
    const cause = Object.assign(new Error('Invalid URL'), { input: MARK });
    expect(shown(failureOf(cause, 'MySQL at h:3306', 'connecting'))).not.toContain(MARK);
  });
});
