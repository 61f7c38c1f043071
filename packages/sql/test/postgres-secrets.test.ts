import { inspect } from 'node:util';
import pg from 'pg';
import { AccessDeniedError, InvalidArgumentError, StoreUnavailableError } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { createTablesSql, migrate, openUrl, postgres } from '../src/postgres.ts';
import { failure, never, open } from './postgres-candidate.ts';

const MARK = 'mark3dPassw0rd';
const available = await serverOrSkip('postgres', { own: true });

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

describe.skipIf(!available)('passwords', () => {
  let server: PostgresServer;
  let url: URL;

  beforeAll(async () => {
    server = await startPostgres({ own: true, password: MARK });
    url = new URL(server.urls[0]!);
  });

  afterAll(() => server.stop());

  const changed = (change: Partial<Record<'port' | 'password' | 'pathname' | 'search', string>>): string =>
    Object.assign(new URL(url), change).href;

  test.for([
    ['a connection that is refused', () => changed({ port: '1' }), StoreUnavailableError, 'ECONNREFUSED'],
    ['a wrong password', () => changed({ password: `${MARK}x` }), AccessDeniedError, '28P01'],
    ['no password', () => changed({ password: '' }), AccessDeniedError, 'password'],
    ['an unknown database', () => changed({ pathname: '/nowhere' }), AccessDeniedError, '3D000'],
    ['missing tables', () => url.href, InvalidArgumentError, '42P01'],
    [
      'TLS that the server has not',
      () => changed({ search: '?sslmode=verify-full' }),
      StoreUnavailableError,
      'SSL',
    ],
  ] as const)('%s shows none', async ([, place, kind, words]) => {
    const pool = new pg.Pool({ connectionString: place() });
    for (const options of [{ url: place() }, { connection: { connectionString: place() } }, { pool }]) {
      const store = postgres(options);
      const error = await failure(open(store));
      expect(error).toBeInstanceOf(kind);
      expect(error.message).toContain(words);
      expect(error.message).toContain('PostgreSQL at 127.0.0.1');
      expect(shown(error)).not.toContain(MARK);
      expect(shown(store)).not.toContain(MARK);
      await store.close();
      expect(shown(await failure(open(store)))).not.toContain(MARK);
    }
    await pool.end();
  });

  test('neither a store that works nor its session shows any', async () => {
    await migrate({ url: url.href });
    const store: Store = openUrl(url.href);
    const session = await open(store);
    expect(shown(store)).not.toContain(MARK);
    expect(shown(session)).not.toContain(MARK);
    await session.renew(never);
    await store.close();
  });

  test.for([
    ['port', `postgres://user:${MARK}@host:99999/db`],
    ['host', `postgres://user:${MARK}@ho st/db`],
    ['percent sign', `postgres://user:${MARK}%@host/db`],
    ['scheme', `http://user:${MARK}@host/db`],
    ['slash', `postgres://user:${MARK}/x@host/db`],
    ['listen', `postgres://user:${MARK}@host/db?listen=${MARK}`],
    ['retainMs', `postgres://user:${MARK}@host/db?retainMs=soon`],
    ['URL to listen at', `postgres://user:${MARK}@host/db?listen=postgres://u:${MARK}@h:99999/`],
    ['parameter beside a password', `postgres://host/db?password=${MARK}&maxConnections=many`],
    ['everything', MARK],
  ] as const)('a URL that cannot be used for its %s is refused without being shown', ([, bad]) => {
    const error = thrown(() => openUrl(bad));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(shown(error)).not.toContain(MARK);
    if (!bad.includes('?')) expect(shown(thrown(() => postgres({ url: bad })))).not.toContain(MARK);
  });
});

describe('options', () => {
  test.for([
    [{}, 'one of url, connection and pool, got none'],
    [{ url: 'postgres://h/d', connection: {} }, 'got url and connection'],
    [{ pool: {} }, 'pool must be a Pool of the pg package'],
    [{ url: 'mysql://h/d' }, 'got one of mysql:'],
    [{ url: 'postgres://h/d', listen: 'yes' }, 'got "yes"'],
    [{ url: 'postgres://h/d', listen: {} }, 'listen needs one of url and connection'],
    [{ url: 'postgres://h/d', maxConnections: 1 }, 'at least 2, got 1'],
    [{ url: 'postgres://h/d', tablePrefix: 'ü'.repeat(30) }, 'tablePrefix takes 60 bytes, may take 47'],
    [{ url: 'postgres://h/d', schema: 'ü'.repeat(35) }, 'schema takes 70 bytes, may take 63'],
    [{ url: 'postgres://h/d', shcema: 'x' }, 'no option "shcema"'],
  ] as const)('%o is refused: %s', ([options, words]) => {
    const error = thrown(() => postgres(options as never));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toContain(words);
  });

  test('the SQL names its tables in full', () => {
    expect(createTablesSql({ schema: 'a"b', tablePrefix: 'c"d' })).toContain('"a""b"."c""dlocks"');
    expect(createTablesSql()).toContain('"public"."tenure_sessions"');
  });
});
