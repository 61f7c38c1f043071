import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { guard } from '../../../test/servers/keeper.ts';
import { Tally } from './apps.ts';

const PROGRAM = fileURLToPath(new URL('sample.mts', import.meta.url));
/** Says how decorators compile. */
const TSX_TSCONFIG_PATH = fileURLToPath(new URL('tsconfig.json', import.meta.url));

interface Replica {
  readonly child: ChildProcess;
  readonly work: Tally<string>;
  readonly ticks: Tally<string>;
  readonly errors: string[];
  readonly ended: Promise<unknown[]>;
}

function replica(cwd: string): Replica {
  const args = ['--conditions=tenure-source', '--import', import.meta.resolve('tsx'), PROGRAM];
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, TSX_TSCONFIG_PATH } });
  guard(child);
  const [work, ticks] = [new Tally<string>(), new Tally<string>()];
  const errors: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    (line.startsWith('ran ') ? ticks : work).add(line);
  });
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  return { child, work, ticks, errors, ended: once(child, 'close') };
}

describe('the application of the README', () => {
  it('works and runs each tick on one replica at a time, and ends by a signal', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tenure-nestjs-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const first = replica(folder);
    await Promise.all([first.work.reaches(1), first.ticks.reaches(1)]);
    const second = replica(folder);
    await first.ticks.reaches(3);
    first.child.kill('SIGTERM');
    expect(await first.ended).toEqual([null, 'SIGTERM']);
    await Promise.all([second.work.reaches(1), second.ticks.reaches(1)]);
    second.child.kill('SIGINT');
    expect(await second.ended).toEqual([null, 'SIGINT']);

    const ticks = [...first.ticks.all, ...second.ticks.all];
    expect(new Set(ticks).size).toBe(ticks.length);
    expect(second.work.all[0]).not.toBe(first.work.all[0]);
    expect([...first.errors, ...second.errors]).toEqual([]);
  });
});
