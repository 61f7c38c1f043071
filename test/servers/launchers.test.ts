import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { serverOrSkip } from './availability.ts';
import { startConsul } from './consul.ts';
import { startEtcd } from './etcd.ts';
import { startMariadb } from './mariadb.ts';
import { startPostgres } from './postgres.ts';
import { startRaft, type RaftPlan } from './raft.ts';
import { startRedis } from './redis.ts';
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

  test('are used for what they can do', async () => {
    vi.stubEnv('TENURE_REDIS', 'redis://:secret@127.0.0.1');
    vi.stubEnv('TENURE_POSTGRES', 'postgres://someone@127.0.0.1:2/some/');
    vi.stubEnv('TENURE_MARIADB', 'mysql://root@127.0.0.1/tenure');
    const clusters = [await startRedis(), await startPostgres(), await startMariadb()];
    expect(clusters.map(({ urls }) => urls)).toEqual([
      ['redis://:secret@127.0.0.1'],
      ['postgres://someone@127.0.0.1:2/some'],
      ['mysql://root@127.0.0.1/tenure'],
    ]);
    expect(clusters.map(({ members }) => members[0]!.port)).toEqual([6379, 2, 3306]);
    expect(() => {
      clusters[1]!.members[0]!.suspend();
    }).toThrow('TENURE_POSTGRES');
  });

  test('count as available', async () => {
    vi.stubEnv('TENURE_CONSUL', 'http://127.0.0.1:1');
    expect(await serverOrSkip('consul')).toEqual({ kind: 'consul', urls: ['http://127.0.0.1:1'] });
  });
});

describe('where no server can be had', () => {
  beforeEach(() => {
    vi.stubEnv('PATH', '');
    vi.stubEnv('XDG_CACHE_HOME', '/dev/null');
  });

  test('tests are skipped on the machine of a contributor, and the reason is printed', async () => {
    vi.stubEnv('CI', undefined);
    const print = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await serverOrSkip('redis')).toBeUndefined();
    expect(print).toHaveBeenLastCalledWith(expect.stringContaining('tests with redis are skipped: '));
    print.mockRestore();
  });

  test('they fail in CI, but for those that are optional', async () => {
    vi.stubEnv('CI', 'true');
    await expect(serverOrSkip('redis')).rejects.toThrow(/redis|tenure-servers/);
    for (const kind of ['valkey', 'redis8', 'mysql'] as const)
      expect(await serverOrSkip(kind)).toBeUndefined();
  });
});
