import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVenue, venueOrSkip } from '../../../test/servers/venue.ts';
import type { Venue } from '../../../test/servers/venue.ts';
import { rowsOf, tenure } from './cli.ts';
import { inFile, portOfNobody } from './place.ts';

describe('migrate', () => {
  it('makes the tables of SQLite once, and says what it did', async () => {
    const env = await inFile();
    const [first, again] = [await tenure(['migrate'], env), await tenure(['migrate', '--json'], env)];
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toMatch(/^tenure: made .*tenure_sessions.* and .*tenure_locks/u);
    expect(again.code).toBe(0);
    expect(rowsOf(again.stderr)).toMatchObject([{ event: 'nothing', made: false }]);
  });

  it('prints the statements, and touches nothing', async () => {
    const env = await inFile();
    const { code, stdout, stderr } = await tenure(['migrate', '--print'], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^CREATE TABLE IF NOT EXISTS "tenure_/u);
    expect(existsSync(env['TENURE_STORE']!.slice('sqlite:'.length))).toBe(false);
    const nobody = `postgres://127.0.0.1:${await portOfNobody()}/app?schema=locks`;
    const postgres = await tenure(['migrate', '--print', '--store', nobody]);
    expect(postgres.code).toBe(0);
    expect(postgres.stdout).toContain('CREATE SCHEMA "locks"');
  });

  it('has nothing to do for stores without tables', async () => {
    const { code, stderr } = await tenure(['migrate', '--store', 'etcd://127.0.0.1:1']);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'tenure: this store has no tables: nothing is needed\n',
    });
  });
});

describe.skipIf(!(await venueOrSkip('postgres')))('migrate on PostgreSQL', () => {
  let venue: Venue;
  beforeAll(async () => {
    venue = await openVenue('postgres');
  });
  afterAll(() => venue.close());

  it('makes tables that a store without the right to make them works with', async () => {
    const url = new URL(venue.url());
    url.searchParams.set('tablePrefix', 'cli_');
    url.searchParams.set('migrate', 'false');
    const env = { TENURE_STORE: url.href };
    expect((await tenure(['leaders'], env)).code).not.toBe(0);
    expect((await tenure(['migrate'], env)).stderr).toMatch(/made .*cli_sessions.* and .*cli_locks/u);
    expect(await tenure(['lock', 'job', '--', 'sh', '-c', 'echo $TENURE_STORE'], env)).toMatchObject({
      code: 0,
    });
    expect((await tenure(['migrate'], env)).stderr).toMatch(/nothing to do/u);
  });
});
