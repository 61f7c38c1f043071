import { once } from 'node:events';
import { createServer } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTenure, openStore } from '@tenure/core';
import type { Tenure } from '@tenure/core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../servers/until.ts';
import { Invocation } from './invocation.ts';
import { isAlive } from './stubborn.ts';

let folder: string;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenure-run-'));
  url = `sqlite:${join(folder, 'tenure.db')}`;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let keys = 0;
const newKey = (): string => `key-${(keys += 1)}`;

/** `tenure` with a command for the shell; ended with the test. */
function tenure(
  verb: 'run' | 'lock',
  args: readonly string[],
  script: string,
  options?: { env?: NodeJS.ProcessEnv; stdin?: string },
): Invocation {
  const invocation = new Invocation([verb, ...args, '--store', url, '--', 'sh', '-c', script], options);
  onTestFinished(async () => void (await invocation.end('SIGKILL')));
  return invocation;
}

/** A party of the test's own. */
async function rival(): Promise<Tenure> {
  const own = createTenure({ store: await openStore(url), ttlMs: 3000 });
  onTestFinished(() => own.close());
  return own;
}

const written = (file: string): Promise<string> =>
  until(`${file} is written`, async () => (await readFile(file, 'utf8')) || undefined);

const pidsIn = (text: string): number[] => text.trim().split(/\s+/u).map(Number);

const gone = (pids: readonly number[]): Promise<true> =>
  until(`${pids.join(', ')} are gone`, async () => (pids.some(isAlive) ? undefined : true));

describe('the command of tenure run', () => {
  it('gets its key, its token, its candidate and the store without credentials', async () => {
    const own = await rival();
    const key = newKey();
    const before = await own.lock(key).acquire();
    await before.release();
    const secret = `${url}?namespace=tenure`;
    const invocation = tenure('run', [key, '--id', 'me'], 'env | grep ^TENURE_ | sort', {
      env: { TENURE_STORE: 'redis://user:secret@127.0.0.1:1/0', TENURE_NAMESPACE: 'tenure' },
    });
    await invocation.ending;
    const told = Object.fromEntries(
      invocation.output
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(told).toMatchObject({ TENURE_KEY: key, TENURE_CANDIDATE: 'me', TENURE_STORE: url });
    expect(BigInt(told['TENURE_TOKEN']!) > before.token).toBe(true);
    expect(secret).toContain(url);
    expect(invocation.output).not.toContain('secret');
  });

  it('reads what is given to tenure, and its output is its own', async () => {
    const invocation = tenure('run', [newKey(), '--once'], 'cat; echo to stderr >&2', { stdin: 'by stdin' });
    expect(await invocation.ending).toEqual({ code: 0, signal: null });
    expect(invocation.output).toBe('by stdin');
    expect(invocation.lines).toContainEqual({ event: 'text', text: 'to stderr' });
  });

  it('starts when the one before has ended, and its code is kept', async () => {
    const key = newKey();
    const first = tenure('run', [key], 'read -r line; exit 5', { stdin: '' });
    expect(await first.ending).toEqual({ code: 5, signal: null });
    const second = tenure('run', [key], 'kill -KILL $$');
    expect(await second.ending).toEqual({ code: 128 + constants.signals.SIGKILL, signal: null });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const)(
    'hears %s, and so does its whole process group',
    async (name) => {
      const file = join(folder, `heard-${name}`);
      const trap = (who: string): string => `trap "echo ${who} >> ${file}; exit 7" ${name.slice(3)}`;
      const invocation = tenure(
        'run',
        [newKey()],
        // Not in the background: there shells ignore what comes from the keyboard.
        `${trap('parent')}; sh -c '${trap('child')}; echo ready; while :; do sleep 0.05; done'`,
      );
      await until('both listen', async () => invocation.output.includes('ready') || undefined);
      invocation.signal(name);
      expect(await invocation.ending).toEqual({ code: 7, signal: null });
      expect((await readFile(file, 'utf8')).trim().split('\n').toSorted()).toEqual(['child', 'parent']);
    },
  );

  it('may take its time after a signal, and the key is held until it has ended', async () => {
    const own = await rival();
    const key = newKey();
    const file = join(folder, `go-${key}`);
    const invocation = tenure(
      'run',
      [key, '--ttl', '3s', '--grace', '200ms'],
      `trap 'echo ending' TERM; echo ready; while ! test -e ${file}; do sleep 0.05; done; exit 9`,
    );
    await until('it listens', async () => invocation.output.includes('ready') || undefined);
    invocation.signal('SIGTERM');
    await until('it was told', async () => invocation.output.includes('ending') || undefined);
    expect(await own.lock(key).tryAcquire()).toBeUndefined();
    await writeFile(file, '');
    expect(await invocation.ending).toEqual({ code: 9, signal: null });
    // Released, not left to expire.
    expect(await own.lock(key).tryAcquire()).toBeDefined();
  });

  it('takes along what it leaves behind in its process group', async () => {
    const own = await rival();
    const key = newKey();
    const invocation = tenure(
      'run',
      [key, '--grace', '100ms'],
      `(trap '' TERM; while :; do sleep 0.1; done) & echo $!; exit 3`,
    );
    expect(await invocation.ending).toEqual({ code: 3, signal: null });
    expect(pidsIn(invocation.output).filter(isAlive)).toEqual([]);
    expect(await own.lock(key).tryAcquire()).toBeDefined();
  });

  it('is killed when its watchdog is', async () => {
    const key = newKey();
    const invocation = tenure('run', [key], 'echo $$ $PPID; while :; do sleep 1; done');
    await until('it runs', async () => invocation.output || undefined);
    const [command, watchdog] = pidsIn(invocation.output);
    process.kill(watchdog!, 'SIGKILL');
    expect(await invocation.ending).toEqual({ code: 70, signal: null });
    expect(isAlive(command!)).toBe(false);
  });

  it('is not begun by a tenure that was told to end while it waited (T33)', async () => {
    const own = await rival();
    const key = newKey();
    const held = await own.lock(key).acquire();
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
      const invocation = tenure('run', [key], 'echo began');
      await invocation.next('waiting');
      invocation.signal(name);
      expect(await invocation.ending).toEqual({ code: 128 + constants.signals[name], signal: null });
      expect(invocation.output).toBe('');
    }
    await held.release();
  });

  it('outlives neither its tenure nor a SIGKILL that reaches the whole group of that (T33)', async () => {
    const key = newKey();
    const invocation = tenure(
      'run',
      [key, '--ttl', '3s'],
      `trap '' TERM; echo $$; while :; do sleep 0.1; done`,
    );
    await until('it runs', async () => invocation.output || undefined);
    await invocation.end('SIGKILL');
    await gone(pidsIn(invocation.output));
  });
});

describe('when tenure is killed', () => {
  it('the command has its grace and no more when its tenure is gone, however long its term would have lasted', async () => {
    const invocation = tenure(
      'run',
      [newKey(), '--ttl', '120s', '--grace', '300ms'],
      `trap '' TERM; echo $$; while :; do sleep 0.1; done`,
    );
    await until('it runs', async () => invocation.output || undefined);
    await invocation.end('SIGKILL');
    await gone(pidsIn(invocation.output));
  });
});

describe('when leadership ends', () => {
  /** Asks the holder to let go, and waits until `own` holds the key. */
  async function takeOver(own: Tenure, key: string): Promise<void> {
    const taken = own.lock(key).acquire();
    await own.evict(key);
    await (await taken).release();
  }

  it('the command is asked to end, and with --on-lost exit so does tenure, with 76', async () => {
    const own = await rival();
    const key = newKey();
    const file = join(folder, key);
    const invocation = tenure(
      'run',
      [key, '--on-lost', 'exit'],
      `trap 'echo asked > ${file}; exit 0' TERM; echo ready; while :; do sleep 0.05; done`,
    );
    await until('it listens', async () => invocation.output.includes('ready') || undefined);
    await takeOver(own, key);
    expect(await invocation.ending).toEqual({ code: 76, signal: null });
    expect(await written(file)).toBe('asked\n');
  });

  it('one that does not listen is killed before the key is free', async () => {
    const own = await rival();
    const key = newKey();
    const invocation = tenure(
      'run',
      [key, '--grace', '300ms', '--once'],
      `trap '' TERM; echo $$; while :; do sleep 0.1; done`,
    );
    await until('it runs', async () => invocation.output || undefined);
    const taken = own.lock(key).acquire();
    const dead = taken.then(() => pidsIn(invocation.output).filter(isAlive));
    await own.evict(key);
    expect(await dead).toEqual([]);
    await (await taken).release();
    expect(await invocation.ending).toEqual({ code: 76, signal: null });
  });

  it('the command is killed at once when the key was taken by force', async () => {
    const own = await rival();
    const key = newKey();
    const file = join(folder, key);
    const invocation = tenure(
      'run',
      [key, '--ttl', '6s', '--grace', '3s', '--once'],
      `trap 'echo asked > ${file}' TERM; echo $$; while :; do sleep 0.1; done`,
    );
    await until('it runs', async () => invocation.output || undefined);
    await own.evict(key, { force: true });
    expect(await invocation.ending).toEqual({ code: 76, signal: null });
    expect(invocation.lines).toContainEqual(expect.objectContaining({ event: 'ended', signal: 'SIGKILL' }));
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });

  it('tenure waits for its next term, and runs the command again', async () => {
    const own = await rival();
    const key = newKey();
    const invocation = tenure(
      'run',
      [key, '--ttl', '3s'],
      'echo $TENURE_TOKEN; while :; do sleep 0.05; done',
    );
    await until('it runs', async () => invocation.output || undefined);
    await takeOver(own, key);
    await until('it runs again', async () => invocation.output.trim().split('\n').length === 2 || undefined);
    const [first, second] = invocation.output.trim().split('\n').map(BigInt);
    expect(second! > first!).toBe(true);
    expect(await invocation.end('SIGTERM')).toEqual({ code: 128 + constants.signals.SIGTERM, signal: null });
  });
});

describe('--restart', () => {
  it('lets others lead before the command is run again, whether or not it failed (T71)', async () => {
    const key = newKey();
    const both = ['a', 'b'].map((id) =>
      tenure('run', [key, '--restart', '--id', id, '--ttl', '3s'], `echo ${id}; exit 1`),
    );
    await Promise.all(
      both.map((invocation) =>
        until('both had three turns', async () => invocation.output.split('\n').length > 3 || undefined),
      ),
    );
    const endings = await Promise.all(both.map((invocation) => invocation.end('SIGTERM')));
    expect(endings.every(({ signal }) => signal === null)).toBe(true);
  });

  it('and ends with the command when it is told to', async () => {
    const invocation = tenure(
      'run',
      [newKey(), '--restart'],
      `trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done`,
    );
    await until('it listens', async () => invocation.output.includes('ready') || undefined);
    expect(await invocation.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

describe('the command of tenure lock', () => {
  it('runs under the lock, one after another', async () => {
    const key = newKey();
    const file = join(folder, key);
    await writeFile(file, '0');
    const increments = Array.from({ length: 4 }, () =>
      tenure('lock', [key], `n=$(cat ${file}); sleep 0.1; echo $((n + 1)) > ${file}`),
    );
    expect(await Promise.all(increments.map(({ ending }) => ending))).toEqual(
      Array.from({ length: 4 }, () => ({ code: 0, signal: null })),
    );
    expect(await readFile(file, 'utf8')).toBe('4\n');
  });

  it('is told to end when the lock is lost, and the code says so (T21)', async () => {
    const own = await rival();
    const key = newKey();
    const invocation = tenure('lock', [key], `trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done`);
    await until('it listens', async () => invocation.output.includes('ready') || undefined);
    await own.evict(key);
    expect(await invocation.ending).toEqual({ code: 76, signal: null });
  });

  it('a lock that waits hears signals', async () => {
    const own = await rival();
    const key = newKey();
    const held = await own.lock(key).acquire();
    const invocation = tenure('lock', [key], 'echo began');
    await invocation.next('waiting');
    expect(await invocation.end('SIGINT')).toEqual({ code: 128 + constants.signals.SIGINT, signal: null });
    expect(invocation.output).toBe('');
    await held.release();
  });
});

describe('a store that does not answer', () => {
  it('keeps nobody from leaving', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const invocation = new Invocation([
      'run',
      'key',
      '--ttl',
      '3s',
      '--store',
      `redis://127.0.0.1:${port}`,
      '--',
      'true',
    ]);
    await invocation.next('trouble');
    expect(await invocation.end('SIGTERM')).toEqual({ code: 128 + constants.signals.SIGTERM, signal: null });
  });
});
