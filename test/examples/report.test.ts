import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Invocation } from '../command/invocation.ts';
import { until } from '../servers/until.ts';

const script = fileURLToPath(new URL('../../examples/report.sh', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenure-report-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function directly(report: string, token?: string): Promise<{ code: unknown; stderr: string }> {
  const { TENURE_TOKEN: _, ...rest } = process.env;
  const env = {
    ...rest,
    TENURE_CANDIDATE: 'by hand',
    ...(token === undefined ? {} : { TENURE_TOKEN: token }),
  };
  const child = spawn(script, [report, '5', '0'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, stderr };
}

describe('report.sh under tenure run', () => {
  const SECTIONS = 40;

  it('is written by one replica after the other, section by section, also when one was killed', async () => {
    const report = join(folder, 'report.txt');
    const store = `sqlite:${join(folder, 'tenure.db')}`;
    const run = (id: string): Invocation => {
      const options = ['--store', store, '--ttl', '3s', '--id', id];
      const invocation = new Invocation([
        'run',
        'nightly-report',
        ...options,
        '--',
        script,
        report,
        `${SECTIONS}`,
        '0.1',
      ]);
      onTestFinished(async () => void (await invocation.end('SIGKILL')));
      return invocation;
    };
    const lines = async (): Promise<string[]> => (await readFile(report, 'utf8')).trim().split('\n');
    const first = run('first');
    await first.next('started');
    const second = run('second');
    await second.next('waiting');
    await until('three sections are written', async () => (await lines()).length >= 3 || undefined);
    await first.end('SIGKILL');
    expect(await second.ending).toEqual({ code: 0, signal: null });

    const written = (await lines()).map((line) => /^(\d+) section (\d+), by (.*)$/.exec(line)!);
    expect(written.map(([, , section]) => Number(section))).toEqual(
      Array.from({ length: SECTIONS }, (_, index) => index + 1),
    );
    const writers = new Map(written.map(([, token, , writer]) => [writer, BigInt(token!)]));
    expect([...writers.keys()]).toEqual(['first', 'second']);
    expect(writers.get('second')! > writers.get('first')!).toBe(true);
    const handovers = written.filter(([, token], index) => index > 0 && token !== written[index - 1]![1]);
    expect(handovers).toHaveLength(1);
  });
});

describe('report.sh', () => {
  it('refuses to write after a later leader has', async () => {
    const report = join(folder, 'later.txt');
    const before = '7 section 1, by another\n';
    await writeFile(report, before);
    expect(await directly(report, '6')).toEqual({
      code: 65,
      stderr: `refused: ${report} was written with token 7, ours is 6\n`,
    });
    expect(await readFile(report, 'utf8')).toBe(before);
    expect(await directly(report, '8')).toEqual({ code: 0, stderr: '' });
    expect((await readFile(report, 'utf8')).split('\n')[1]).toBe('8 section 2, by by hand');
  });

  it('says how it is run, where nobody gave it a token', async () => {
    const { code, stderr } = await directly(join(folder, 'none.txt'));
    expect(code).not.toBe(0);
    expect(stderr).toContain('run this by tenure run KEY -- ');
  });
});
