import { describe, expect, test } from 'vitest';
import { serverOrSkip } from './availability.ts';
import { startPgBouncer } from './pgbouncer.ts';
import { startPostgres } from './postgres.ts';
import { leavesNothing, output, trial } from './trial.ts';

const postgres = await serverOrSkip('postgres', { own: true });
const pgbouncer = await serverOrSkip('pgbouncer', { own: true });

const { started } = trial();

describe.skipIf(!postgres)('PostgreSQL', () => {
  test('has the settings asked for, and those of a test otherwise', async () => {
    const settings = { synchronous_commit: 'off' };
    const server = await started(startPostgres({ settings, maxConnections: 17, own: true }));
    const show = (name: string) => output(server, '-Atc', `show ${name}`);
    expect(await show('synchronous_commit')).toBe('off');
    expect(await show('max_connections')).toBe('17');
    expect(await show('fsync')).toBe('off');
  });

  test('with a password only those who know it get in', async () => {
    const server = await started(startPostgres({ password: 'secret', own: true }));
    expect(await output(server, '-Atc', 'select 1')).toBe('1');
    const stranger = server.cli(['-Atc', 'select 1'], { stdio: 'ignore', env: { PGPASSWORD: 'guess' } });
    const status = await new Promise((resolve) => stranger.once('exit', resolve));
    expect(status).toBe(2);
  });
});

describe.skipIf(!postgres || !pgbouncer)('PgBouncer', () => {
  test('stands between clients and PostgreSQL, whose password it knows', async () => {
    const server = await started(startPostgres({ password: `it's`, own: true }));
    const pool = await started(startPgBouncer(server, { poolMode: 'transaction' }));
    expect(await output(pool, '-Atc', 'select 1')).toBe('1');
    await server.members[0]!.restart();
    expect(await output(pool, '-Atc', 'select 2')).toBe('2');
    await pool.members[0]!.restart();
    expect(await output(pool, '-Atc', 'select 3')).toBe('3');
    await server.stop();
    await leavesNothing(pool);
  });
});
