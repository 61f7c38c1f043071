import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { VirtualClock } from '@tenure/conformance/clock';
import { createTenure } from '@tenure/core';
import type { Term } from '@tenure/core';
import { memory, MemorySpace } from '@tenure/core/memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'packages/core/README.md',
  'packages/conformance/README.md',
  'packages/scheduler/README.md',
  'packages/cli/README.md',
  'packages/nestjs/README.md',
  'packages/node-cron/README.md',
];
/** Their blocks are compiled with those of the guides. */
const compiled = ['etcd', 'consul', 'redis', 'sql'].map((name) => `packages/${name}/README.md`);
const tsx = import.meta.resolve('tsx');

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Does `code` stand in `file`? However its lines are broken and indented. */
function quotes(file: string, code: string): boolean {
  const packed = (source: string): string => source.replaceAll(/\s+/g, '');
  return packed(file).includes(packed(code));
}

describe.each([...documents, ...compiled])('%s', (document) => {
  const content = read(document);

  it.skipIf(compiled.includes(document))('quotes TypeScript only from files that are run or tested', () => {
    const blocks = [...content.matchAll(/^```ts(.*)\n([\s\S]*?)\n```$/gm)];
    for (const [, title = '', code = ''] of blocks) {
      const file = /title="(.*)"/.exec(title)?.[1];
      expect(file, `where is this from?\n${code}`).toBeDefined();
      if (file) expect(quotes(read(file), code), `${file} has no such lines:\n${code}`).toBe(true);
    }
  });

  it('links only to what is there', () => {
    const links = [...content.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    const dead = links.filter((link) => !existsSync(join(root, dirname(document), link)));
    expect(dead).toEqual([]);
  });
});

/** The arguments of each call of `tenure` in the shell blocks, but for its store. No shell reads them: it might write somewhere. */
function calls(document: string): string[][] {
  const blocks = [...read(document).matchAll(/^```sh\n([\s\S]*?)\n```$/gm)];
  const lines = blocks.flatMap(([, code = '']) => code.split('\n')).map((line) => line.replace(/\s+#.*/, ''));
  return lines
    .filter((line) => /^(npx )?tenure [^<>|]*$/.test(line))
    .map((line) => line.replace(/^(npx )?tenure /, '').replace(/--store \S+/, ''))
    .map((line) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''));
}

/** What `tenure` says: that it misses a store, when it has understood the rest. */
async function answer(args: readonly string[]): Promise<string> {
  const { TENURE_STORE: _, ...env } = process.env;
  const main = join(root, 'packages/cli/dist/main.js');
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env });
  return text(child.stderr);
}

describe.each(['README.md', 'packages/cli/README.md'])('the commands in %s', (document) => {
  it('are understood', async () => {
    const found = calls(document);
    expect(found.length).toBeGreaterThan(1);
    for (const args of found)
      expect([...args, await answer(args)]).toEqual([...args, expect.stringContaining('which store?')]);
  });
});

describe('the part of the README on testing', () => {
  it('holds', async () => {
    const clock = new VirtualClock();
    const space = new MemorySpace({ clock });
    const worker = (id: string) =>
      createTenure({ store: memory({ shared: space }), clock, candidate: { id } });
    const [a, b] = [worker('a'), worker('b')];

    const terms: Term[] = [];
    for (const tenure of [a, b]) {
      const election = tenure.election('nightly-report');
      election.acquired.subscribe((term) => terms.push(term));
      election.start();
      await clock.advance(1); // a stands first, and wins
    }
    clock.stall(20_000); // both were away for longer than their TTL of 15 s
    expect(terms[0]?.isCurrent()).toBe(false); // and a knows, before anything else has run

    await clock.advance(1000); // one of them stands again, and wins
    expect(terms).toHaveLength(2);
    expect(terms[1]!.token > terms[0]!.token).toBe(true);
    const closing = Promise.all([a.close(), b.close()]);
    await clock.advance(60_000);
    await closing;
  });
});

interface Ended {
  readonly status: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where programs run, and leave their files. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenure-examples-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a program of the examples from the sources, and interrupts it once it has said enough. */
async function run(args: readonly string[], interruptAt?: RegExp): Promise<Ended> {
  const [program = '', ...options] = args;
  const command = ['--conditions=tenure-source', '--import', tsx, join(root, program), ...options];
  const child = spawn(process.execPath, command, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let interrupted = false;
  if (interruptAt) {
    child.stdout.on('data', (chunk: Buffer) => {
      // Only once: a second one would end it at once.
      if (interrupted || !interruptAt.test(chunk.toString())) return;
      interrupted = child.kill('SIGINT');
    });
  }
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, stdout, stderr };
}

describe('the examples', () => {
  const said = {
    'lead.ts': 'we lead, with token',
    'worker-stream.ts': 'released, token',
    'lock.ts': 'run: gave 42 and let go',
    'observe.ts': 'nobody leads',
    'schedule.ts': 'beat, fence',
  };

  it.each(Object.entries(said))('%s ends by itself, with no complaint', async (file, words) => {
    const { status, stdout, stderr } = await run([`examples/${file}`, '--for', '3s']);
    expect(stdout).toContain(words);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it.each(Object.keys(said))('%s ends on Ctrl-C, with no complaint', async (file) => {
    const { status } = await run([`examples/${file}`], /token|nobody|fence/);
    expect(status).toBe(0);
  });

  it('take the URL of a store, and say what is wrong with one', async () => {
    const there = await run(['examples/lock.ts', '--store', 'memory:', '--for', '2s']);
    expect(there).toMatchObject({ status: 0, stderr: '' });
    const nowhere = await run(['examples/lock.ts', '--store', 'nowhere://me:secret@host']);
    expect(nowhere.status).toBe(2);
    expect(nowhere.stderr).toContain('usage: [--store URL]');
    expect(nowhere.stderr).not.toContain('secret');
  });

  it('first.ts gives everything up on Ctrl-C, and ends as other programs do', async () => {
    const { status, stderr } = await run(['examples/first.ts'], /at work/);
    expect(stderr).toBe('');
    expect(status).toBe('SIGINT');
  });

  it('the demo ends by itself and saw one leader at a time', async () => {
    const { status, stdout } = await run(['examples/demo/main.ts']);
    expect(stdout).toContain('Never two leaders: 3 terms');
    expect(status).toBe(0);
  });
});
