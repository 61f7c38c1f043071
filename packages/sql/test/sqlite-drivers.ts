import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { inCache } from '../../../test/servers/cache.ts';
import { loadDriver } from '../src/sqlite/driver.ts';
import type { SqliteDriver } from '../src/sqlite/driver.ts';

/** `libsql`, or the folder of an installed better-sqlite3. */
export async function driverAt(place: string): Promise<SqliteDriver> {
  if (place === 'libsql') return loadDriver(['libsql']);
  return createRequire(import.meta.url)(place) as SqliteDriver;
}

/** Where libsql and better-sqlite3 are; without the latter, with the reason printed, where it cannot be built. In CI that fails. */
export async function driverPlaces(): Promise<readonly string[]> {
  try {
    return ['libsql', await betterSqlite3()];
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    process.stderr.write(`tests with better-sqlite3 are skipped: ${String(error)}\n`);
    return ['libsql'];
  }
}

/** It is no dependency of the workspace: its binaries are downloaded from elsewhere, and building it takes a minute. */
async function betterSqlite3(): Promise<string> {
  const folder = await inCache('better-sqlite3-12', async (draft) => {
    // Node's own headers, where they came with it; else node-gyp looks for them.
    const headers = dirname(dirname(process.execPath));
    await promisify(execFile)(
      'npm',
      ['install', 'better-sqlite3@12', '--prefix', draft, '--no-audit', '--no-fund', '--loglevel=error'],
      {
        cwd: draft,
        env: {
          ...process.env,
          npm_config_build_from_source: 'true',
          npm_config_nodedir: headers,
        },
      },
    );
  });
  return join(folder, 'node_modules', 'better-sqlite3');
}

export const nameOfDriver = (place: string): string => (place === 'libsql' ? place : 'better-sqlite3');
