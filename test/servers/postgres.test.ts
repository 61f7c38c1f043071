import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { serverOrSkip } from './availability.ts';
import { isRunning } from './descendants.ts';
import { startPgBouncer } from './pgbouncer.ts';
import { startPostgres } from './postgres.ts';
import { leavesNothing, output, trial } from './trial.ts';
import { until } from './until.ts';

const postgres = await serverOrSkip('postgres', { own: true });
const pgbouncer = await serverOrSkip('pgbouncer', { own: true });

const { started } = trial();

/** Linux lists it here. */
const SHARED_MEMORY = '/proc/sysvipc/shm';

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

/** Starts a server with a client, suspends it, and tells which processes and which shared memory that makes. */
const STARTER = `
import { readFileSync, readdirSync } from 'node:fs';
import { descendants } from ${JSON.stringify(import.meta.resolve('./descendants.ts'))};
import { serversFolder } from ${JSON.stringify(import.meta.resolve('./keeper.ts'))};
import { startPostgres } from ${JSON.stringify(import.meta.resolve('./postgres.ts'))};
const { members: [member], cli } = await startPostgres({ own: true });
const client = cli(['-c', 'select 1', '-c', 'select pg_sleep(60)'], { stdio: ['ignore', 'pipe', 'ignore'] });
await new Promise((resolve) => client.stdout.once('data', resolve));
member.suspend();
const [server] = readdirSync(serversFolder());
const lines = readFileSync(serversFolder() + '/' + server + '/postgres/postmaster.pid', 'utf8').split('\\n');
const memory = lines[6].trim().split(/ +/)[1];
console.log(JSON.stringify({ pids: [member.pid, ...descendants(member.pid)], memory }));
setInterval(() => {}, 1000);
`;

describe.skipIf(!postgres || !existsSync(SHARED_MEMORY))('PostgreSQL that is suspended', () => {
  test('ends with the process that started it, and leaves no memory', async () => {
    const starter = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', STARTER], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(starter.stdout, 'data')) as [Buffer];
    const { pids, memory } = JSON.parse(line.toString()) as { pids: number[]; memory: string };
    const pieces = () =>
      readFileSync(SHARED_MEMORY, 'utf8')
        .split('\n')
        .map((row) => row.trim().split(/\s+/)[1]);
    expect(pids.length).toBeGreaterThan(2);
    expect(pieces()).toContain(memory);
    starter.kill('SIGKILL');
    await until('all its processes are gone', async () => !pids.some(isRunning) || undefined);
    await expect.poll(pieces).not.toContain(memory);
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
