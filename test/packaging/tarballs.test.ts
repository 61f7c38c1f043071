import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const PACKAGES = fileURLToPath(new URL('../../packages', import.meta.url));
/** The least that is of use: the command, what it stands on, and one store with its driver. */
const INSTALLED = ['core', 'cli', 'sql'] as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenure-tarballs-'));
  for (const name of INSTALLED) {
    const args = ['-y', 'pnpm@12', 'pack', '--pack-destination', folder];
    await exec('npx', args, { cwd: join(PACKAGES, name) });
  }
  const tarballs = (await readdir(folder)).map((name) => `./${name}`);
  await writeFile(join(folder, 'package.json'), '{ "name": "app", "private": true }\n');
  await exec('npm', ['install', '--no-audit', '--no-fund', ...tarballs, 'libsql'], { cwd: folder });
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function tenure(...args: readonly string[]): Promise<Result> {
  const { TENURE_STORE: _, ...env } = process.env;
  try {
    return { code: 0, ...(await exec('npx', ['--no-install', 'tenure', ...args], { cwd: folder, env })) };
  } catch (error) {
    return error as Result;
  }
}

describe('packed, and installed in an empty folder with the core and one store', () => {
  it('npx tenure --help tells every command', async () => {
    const { code, stdout } = await tenure('--help');
    expect(code).toBe(0);
    for (const name of [
      'run',
      'lock',
      'elect',
      'observe',
      'leaders',
      'evict',
      'doctor',
      'migrate',
      'completion',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'mu'));
  });

  it('runs a command under leadership', async () => {
    const { code, stdout } = await tenure(
      'run',
      'job',
      '--store',
      'sqlite:./t.db',
      '--',
      'sh',
      '-c',
      'echo $TENURE_KEY; exit 4',
    );
    expect([code, stdout]).toEqual([4, 'job\n']);
  });

  it('says what to install for the stores that are not there', async () => {
    const { code, stderr } = await tenure('leaders', '--store', 'etcd://127.0.0.1:2379');
    expect(code).toBe(64);
    expect(stderr).toContain('npm install @tenure/etcd');
  });
});
