import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { serverOrSkip } from './availability.ts';
import { cacheFolder, inCache } from './cache.ts';
import { startConsul } from './consul.ts';
import { startEtcd } from './etcd.ts';
import { mirrorIn } from './mirror.ts';
import { startRaft, type RaftPlan } from './raft.ts';
import { request } from './request.ts';
import { until } from './until.ts';

/** What the launchers do around a server; a few lines of Node.js stand for it. */
function standIn(choosePort: (free: number) => number): RaftPlan {
  return {
    size: 1,
    portsPerMember: 1,
    plan: ([free]) => {
      const port = choosePort(free!);
      const program = `require('http').createServer((_, r) => r.end()).listen(${port}, '127.0.0.1')`;
      const url = `http://127.0.0.1:${port}`;
      return [{ name: 'stand-in', url, port, file: process.execPath, args: ['-e', program] }];
    },
    healthy: async ({ url }) => (await request(url)) === '',
    view: async ({ url }) => ({ self: url, leader: url }),
  };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('starting servers', () => {
  test('other ports are tried when one is taken', async () => {
    const squatter = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port: taken } = squatter.address() as AddressInfo;
    const choices = [taken, taken];
    const cluster = await startRaft(standIn((free) => choices.pop() ?? free));
    expect(cluster.members[0]!.port).not.toBe(taken);
    expect(await cluster.leader()).toBe(cluster.members[0]);
    await cluster.stop();
    squatter.close();
  });

  test('a server that ends at once is an error that tells what the server wrote', async () => {
    const plan = standIn((free) => free);
    const broken: RaftPlan = {
      ...plan,
      plan: async (ports, folder) => {
        const [member] = await plan.plan(ports, folder);
        return [{ ...member!, args: ['-e', 'throw "no disk"'] }];
      },
    };
    await expect(startRaft(broken)).rejects.toThrow('no disk');
  });

  test.each(['SIGKILL', 'SIGTERM', 'exit'])(
    'servers end with the process that started them: %s',
    async (end) => {
      const own = fileURLToPath(new URL('own.ts', import.meta.url));
      const program = `
      import { startOwn } from ${JSON.stringify(own)};
      const plan = (${standIn.toString()})((free) => free);
      const { members } = await startOwn({ ...plan, healthy: async () => true });
      console.log(members[0].url);
      process.stdin.on('data', () => process.exit());`;
      const starter = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const [line] = (await once(starter.stdout, 'data')) as [Buffer];
      const url = line.toString().trim();
      await until('the server answers', () => request(url));
      if (end === 'exit') starter.stdin.write('end');
      else starter.kill(end as NodeJS.Signals);
      await until(
        'the server is gone',
        () =>
          request(url).then(
            () => undefined,
            () => true,
          ),
        { timeoutMs: 5000 },
      );
    },
  );
});

describe('servers named by the environment', () => {
  test('are used, and neither killed nor stopped', async () => {
    vi.stubEnv('TENURE_CONSUL', 'http://127.0.0.1:1/');
    vi.stubEnv('TENURE_ETCD', 'http://127.0.0.1:2,http://127.0.0.1:3,http://127.0.0.1:4');
    for (const cluster of [await startConsul(), await startEtcd({ members: 3 })]) {
      expect(cluster.urls[0]).toBe(cluster.kind === 'consul' ? 'http://127.0.0.1:1' : 'http://127.0.0.1:2');
      await expect(cluster.members[0]!.kill()).rejects.toThrow('not for tests to kill');
      await cluster.stop();
    }
  });

  test('count as available', async () => {
    vi.stubEnv('TENURE_CONSUL', 'http://127.0.0.1:1');
    expect(await serverOrSkip('consul')).toEqual({ kind: 'consul', urls: ['http://127.0.0.1:1'] });
  });
});

describe('the cache', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'tenure-cache-'));
    vi.stubEnv('XDG_CACHE_HOME', home);
    return () => rm(home, { recursive: true });
  });

  async function slowly(folder: string): Promise<void> {
    await pause(300);
    writeFileSync(join(folder, 'whole'), '');
  }

  test('is filled once when several ask at the same time', async () => {
    const fill = vi.fn<typeof slowly>(slowly);
    const folders = await Promise.all([1, 2, 3].map(() => inCache('thing', fill)));
    expect(fill).toHaveBeenCalledTimes(1);
    expect(new Set(folders).size).toBe(1);
    expect(existsSync(join(folders[0]!, 'whole'))).toBe(true);
  });

  test('is not kept from being filled by what an interrupted attempt left', async () => {
    const lock = join(cacheFolder(), 'thing.lock');
    mkdirSync(lock, { recursive: true });
    mkdirSync(join(cacheFolder(), 'thing.1234.draft'));
    utimesSync(lock, 0, 0);
    await inCache('thing', slowly);
    expect(readdirSync(cacheFolder())).toEqual(['thing']);
  });

  test('stays empty when filling it fails, and the next attempt may succeed', async () => {
    await expect(inCache('thing', () => Promise.reject(new Error('no network')))).rejects.toThrow(
      'no network',
    );
    expect(readdirSync(cacheFolder())).toEqual([]);
    await inCache('thing', slowly);
  });
});

describe('the Debian mirror', () => {
  test("is found in apt's stanzas, and is not the one for security updates", () => {
    const settings = `Types: deb
URIs: http://one.example/debian-security
Suites: bookworm-security

# Types: deb
Types: deb deb-src
# a comment
URIs: http://two.example/debian
Suites: bookworm
 bookworm-updates
Components: main`;
    expect(mirrorIn(settings, 'bookworm')).toBe('http://two.example/debian');
    expect(mirrorIn(settings, 'trixie')).toBeUndefined();
  });

  test("is found in apt's lines", () => {
    const settings = `# deb http://zero.example/debian bookworm main
deb-src http://one.example/debian bookworm main
deb [arch=amd64 signed-by=/a] http://two.example/debian-security bookworm-security main
deb [arch=amd64] http://three.example/debian bookworm main contrib`;
    expect(mirrorIn(settings, 'bookworm')).toBe('http://three.example/debian');
  });
});
