import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Runs a program on what ships, and hears how it ends. */
async function run(
  program: string,
): Promise<{ status: number | null; signal: string | null; lines: string[] }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: here,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    // The program says that it waits, and nothing but us keeps it from ending.
    if (chunk.includes('interrupt me')) child.kill('SIGTERM');
  });
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { status, signal, lines: text.trim().split('\n') };
}

const opening = `
  import { createTenure } from '@tenure/core';
  import { memory } from '@tenure/core/memory';
  const say = (line) => process.stdout.write(line + '\\n');
`;

describe('a process', () => {
  it('that leads and does nothing else stays, and ends by itself once its tenure is closed (T68)', async () => {
    const { status, lines } = await run(`${opening}
      const tenure = createTenure({ store: memory(), ttlMs: 300 });
      const election = tenure.election('job');
      let renewals = 0;
      tenure.session.on('renewed', () => {
        renewals += 1;
        if (renewals === 3) tenure.close().then(() => say('closed'));
      });
      process.once('exit', () => say('exit'));
      election.start();
    `);
    expect({ status, lines }).toEqual({ status: 0, lines: ['closed', 'exit'] });
  });

  it('that only waits for a lock can be ended by a signal, releasing first (T75)', async () => {
    const { signal, lines } = await run(`${opening}
      const tenure = createTenure({ store: memory(), releaseOn: ['SIGTERM'] });
      const term = await tenure.lock('job').acquire();
      term.ended.then(({ kind, reason }) => say(kind + ' ' + reason));
      tenure.lock('job').acquire().catch((error) => say(error.code));
      say('interrupt me');
    `);
    expect(signal).toBe('SIGTERM');
    expect(lines.toSorted()).toEqual(['CLOSED', 'interrupt me', 'released closed']);
  });

  it('with two tenures is ended by a signal when both have released', async () => {
    const { signal, lines } = await run(`${opening}
      for (const name of ['one', 'two']) {
        const tenure = createTenure({ store: memory(), releaseOn: ['SIGTERM'] });
        const slow = name === 'one' ? 100 : 0;
        tenure.lock('job').run(async (term) => {
          await new Promise((resolve) => term.signal.addEventListener('abort', resolve));
          await new Promise((resolve) => setTimeout(resolve, slow));
          say(name + ' wound down');
        });
      }
      setImmediate(() => say('interrupt me'));
    `);
    expect(signal).toBe('SIGTERM');
    expect(lines).toEqual(['interrupt me', 'two wound down', 'one wound down']);
  });

  it('that throws or exits while it leads is not kept by us (T75)', async () => {
    const { status, lines } = await run(`${opening}
      const tenure = createTenure({ store: memory() });
      await tenure.lock('job').acquire();
      process.once('uncaughtException', (error) => { say(error.message); process.exit(7); });
      setImmediate(() => { throw new Error('user bug'); });
    `);
    expect({ status, lines }).toEqual({ status: 7, lines: ['user bug'] });
  });

  it('may hold two copies of the library: they contend like strangers (T72)', async () => {
    const { status, lines } = await run(`${opening}
      import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
      import { tmpdir } from 'node:os';
      import { join } from 'node:path';
      import { MemorySpace } from '@tenure/core/memory';
      import { fileURLToPath } from 'node:url';
      const dist = fileURLToPath(new URL('.', import.meta.resolve('@tenure/core')));
      const copy = await mkdtemp(join(tmpdir(), 'tenure-copy-'));
      await cp(dist, join(copy, 'dist'), { recursive: true });
      await cp(join(dist, '../package.json'), join(copy, 'package.json'));
      await symlink(join(dist, '../node_modules'), join(copy, 'node_modules'));
      const other = await import(join(copy, 'dist/index.js'));
      const shared = new MemorySpace();
      const one = createTenure({ store: memory({ shared }) });
      const two = other.createTenure({ store: memory({ shared }) });
      const term = await one.lock('job').acquire();
      say(String(await two.lock('job').tryAcquire()));
      await term.release();
      say(String((await two.lock('job').acquire()).token > term.token));
      say(String(other.TenureError !== (await import('@tenure/core')).TenureError));
      await Promise.all([one.close(), two.close()]);
      await rm(copy, { recursive: true });
    `);
    expect({ status, lines }).toEqual({ status: 0, lines: ['undefined', 'true', 'true'] });
  });
});
