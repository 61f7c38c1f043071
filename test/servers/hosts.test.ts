import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { serverOrSkip } from './availability.ts';
import { startEtcd } from './etcd.ts';
import { Hosts, onHost, whyNoHosts } from './hosts.ts';
import type { Host } from './hosts.ts';
import { guard, serversFolder } from './keeper.ts';
import { request } from './request.ts';
import { output, trial } from './trial.ts';
import { until } from './until.ts';

// Not a failure in CI: there it takes root, which whoever sends a change may not be able to have.
const whyNot = await whyNoHosts();
if (whyNot !== undefined) process.stderr.write(`tests with hosts are skipped: ${whyNot}\n`);
const etcd = whyNot === undefined && (await serverOrSkip('etcd', { own: true }));

const PORT = 15_001;
/** Answers; asked for /<address>, with what the server there answers, or that it does not. */
const SERVER = `const { createServer, get } = require('http');
createServer(({ url }, response) => {
  if (url === '/') return response.end('here');
  get({ host: url.slice(1), port: ${PORT}, timeout: 1000, agent: false }, (answer) => answer.pipe(response))
    .on('timeout', () => response.end('silence'))
    .on('error', ({ code }) => response.end(code));
}).listen(${PORT}, '0.0.0.0')`;

describe.skipIf(whyNot !== undefined)('hosts', () => {
  const { started, after } = trial();
  const left: ChildProcess[] = [];
  afterEach(() => {
    for (const child of left.splice(0)) child.kill('SIGKILL');
  });

  async function opened(count: number): Promise<Hosts> {
    const hosts = await Hosts.open(count);
    after(() => hosts.close());
    return hosts;
  }

  async function serve(host: Host): Promise<void> {
    const { file, args } = onHost(host, process.execPath, ['-e', SERVER]);
    const child = spawn(file, args, { stdio: 'ignore' });
    guard(child);
    left.push(child);
    await until(`${host.address} answers`, async () => (await ask(host)) === 'here' || undefined);
  }

  const ask = ({ address }: Host, path = ''): Promise<string> => request(`http://${address}:${PORT}/${path}`);

  test('reach each other until they are cut off, and again when that is healed; this machine reaches them always', async () => {
    const hosts = await opened(3);
    const [one, two, three] = hosts.all as [Host, Host, Host];
    await Promise.all(hosts.all.map(serve));
    const seen = (from: Host, other: Host): Promise<string> => ask(from, other.address);
    expect(await seen(one, two)).toBe('here');

    await hosts.cut(one, two);
    expect(await Promise.all([seen(one, two), seen(two, one)])).toEqual(['silence', 'silence']);
    expect(await Promise.all([seen(one, three), seen(three, two)])).toEqual(['here', 'here']);
    expect(await Promise.all(hosts.all.map((host) => ask(host)))).toEqual(['here', 'here', 'here']);

    await hosts.scatter();
    expect(await Promise.all([seen(one, three), seen(three, two)])).toEqual(['silence', 'silence']);

    await hosts.heal();
    expect(await Promise.all([seen(one, two), seen(two, one), seen(three, one)])).toEqual(
      Array.from({ length: 3 }, () => 'here'),
    );
  });

  test('are gone when they are closed', async () => {
    const hosts = await opened(2);
    expect(await namespaces(process.pid)).toHaveLength(3);
    const other = await opened(1);
    await hosts.close();
    expect(await namespaces(process.pid)).toHaveLength(2);
    await other.close();
    expect(await namespaces(process.pid)).toEqual([]);
    expect(readdirSync(serversFolder()).filter((name) => name.startsWith('hosts-'))).toEqual([]);
  });

  test('are gone when the process that made them is killed', async () => {
    const script = `import { Hosts } from ${JSON.stringify(import.meta.resolve('./hosts.ts'))};
      await Hosts.open(1); process.stdout.write('open'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    left.push(child);
    await once(child.stdout, 'data');
    expect(await namespaces(child.pid!)).toHaveLength(2);
    child.kill('SIGKILL');
    await until('they are gone', async () => (await namespaces(child.pid!)).length === 0 || undefined);
  });

  test('that nobody removed are gone when the next are made', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    await promisify(execFile)('ip', ['netns', 'add', `tenure-${child.pid}-abcdef-1`]);
    await opened(1);
    expect(existsSync(`/run/netns/tenure-${child.pid}-abcdef-1`)).toBe(false);
  });

  test.skipIf(!etcd)(
    'carry members that lose and find each other, and are suspended and killed by their pid',
    async () => {
      const hosts = await opened(3);
      const cluster = await started(startEtcd({ members: 3, own: true, hosts: hosts.all }));
      expect(cluster.members.map(({ host }) => host)).toEqual(hosts.all.map(({ address }) => address));
      const first = await cluster.leader();
      await hosts.isolate(hosts.at(first.host));
      await until('another leads', async () => (await cluster.leader()) !== first || undefined);
      // It answers, and knows that it cannot lead.
      await expect(request(`${first.url}/health`, { timeoutMs: 20_000 })).rejects.toThrow(': 503');
      await hosts.heal();
      await until(
        'it is back',
        async () => (await request(`${first.url}/health`)).includes('true') || undefined,
      );

      first.suspend();
      await expect(request(`${first.url}/version`, { timeoutMs: 300 })).rejects.toThrow('abort');
      first.resume();
      expect(await request(`${first.url}/version`)).toContain('etcdserver');
      await first.kill();
      await expect(request(`${first.url}/version`)).rejects.toThrow('ECONNREFUSED');
      await first.restart();
      expect(await output(cluster, 'put', 'a', 'b')).toBe('OK');
    },
  );
});

async function namespaces(pid: number): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ip', ['netns', 'list']);
  return stdout.split('\n').filter((line) => line.startsWith(`tenure-${pid}-`));
}
