import { describe, expect, test } from 'vitest';
import { serverOrSkip } from './availability.ts';
import { makeCertificates, type Certificates } from './certificates.ts';
import type { Cluster, RaftCluster } from './cluster.ts';
import { startConsul } from './consul.ts';
import { startEtcd } from './etcd.ts';
import { request } from './request.ts';
import { leavesNothing, output, trial } from './trial.ts';

const etcd = await serverOrSkip('etcd', { own: true });
const consul = await serverOrSkip('consul', { own: true });

const { started, after } = trial();

async function certificates(): Promise<Certificates> {
  const made = await makeCertificates();
  after(() => made.remove());
  return made;
}

async function killTheLeader(cluster: RaftCluster): Promise<void> {
  const first = await cluster.leader();
  await first.kill();
  expect(first.alive).toBe(false);
  const second = await cluster.leader();
  expect(second.name).not.toBe(first.name);
  await first.restart();
  expect(first.alive).toBe(true);
}

describe.skipIf(!etcd)('etcd', () => {
  test('a single server is healthy, keeps its data over a restart, and is gone after stop', async () => {
    const cluster = await started(startEtcd({ own: true }));
    expect(JSON.parse(await request(`${cluster.urls[0]!}/health`))).toMatchObject({ health: 'true' });
    expect(await cluster.leader()).toBe(cluster.members[0]);

    expect(await output(cluster, 'put', 'a', 'b')).toBe('OK');
    await cluster.members[0]!.restart();
    expect(await output(cluster, 'get', 'a', '--print-value-only')).toBe('b');
    await leavesNothing(cluster);
  });

  test('of three members another leads after the leader was killed', async () => {
    const cluster = await started(startEtcd({ members: 3, own: true }));
    await killTheLeader(cluster);
    await leavesNothing(cluster);
  });

  test('of three members another leads while the leader is suspended', async () => {
    const cluster = await started(startEtcd({ members: 3, own: true }));
    const first = await cluster.leader();
    first.suspend();
    expect(first.alive).toBe(true);
    expect((await cluster.leader()).name).not.toBe(first.name);
    first.resume();
    await leavesNothing(cluster);
  });

  test('all members can be killed and started again together', async () => {
    const cluster = await started(startEtcd({ members: 3, own: true }));
    expect(await output(cluster, 'put', 'a', 'b')).toBe('OK');
    await Promise.all(cluster.members.map((member) => member.kill()));
    await Promise.all(cluster.members.map((member) => member.restart()));
    expect(await output(cluster, 'get', 'a', '--print-value-only')).toBe('b');
  });

  test('with authentication only those who know the password get in', async () => {
    const auth = { user: 'someone', password: 'secret' };
    const cluster = await started(startEtcd({ auth, own: true }));
    expect(await output(cluster, 'put', 'a', 'b')).toBe('OK');
    await expect(
      request(`${cluster.urls[0]!}/v3/kv/range`, { method: 'POST', body: '{"key":"YQ=="}' }),
    ).rejects.toThrow('user name is empty');
    expect(await cluster.leader()).toBe(cluster.members[0]);
    await cluster.members[0]!.restart();
  });

  test('with TLS only those who trust its CA, and have a certificate of it, get in', async () => {
    const { server, client, stranger } = await certificates();
    const cluster = await started(startEtcd({ tls: { ...server, clientCertAuth: true }, own: true }));
    const url = `${cluster.urls[0]!}/version`;
    expect(await request(url, { tls: client })).toContain('etcdserver');
    await expect(request(url, { tls: { ...client, ca: stranger.ca } })).rejects.toThrow('certificate');
    await expect(request(url, { tls: { ...stranger, ca: client.ca } })).rejects.toThrow(
      /alert|reset|hang up/i,
    );
    expect(await output(cluster, 'put', 'a', 'b')).toBe('OK');
    expect(await cluster.leader()).toBe(cluster.members[0]);
  });
});

describe.skipIf(!consul)('Consul', () => {
  test('a single server is healthy, keeps its data over a restart, and is gone after stop', async () => {
    const cluster = await started(startConsul({ own: true }));
    expect(await cluster.leader()).toBe(cluster.members[0]);

    expect(await output(cluster, 'kv', 'put', 'a', 'b')).toContain('Success');
    await cluster.members[0]!.restart();
    expect(await output(cluster, 'kv', 'get', 'a')).toBe('b');
    await leavesNothing(cluster);
  });

  test('of three members another leads after the leader was killed', async () => {
    const cluster = await started(startConsul({ members: 3, own: true }));
    await killTheLeader(cluster);
    await killTheLeader(cluster);
    await leavesNothing(cluster);
  });

  test('sessions may be as short as asked for', async () => {
    const create = async (cluster: Cluster) =>
      request(`${cluster.urls[0]!}/v1/session/create`, { method: 'PUT', body: '{"TTL":"1s"}' });
    expect(await create(await started(startConsul({ own: true })))).toContain('ID');
    const unchanged = await started(startConsul({ ttlMinMs: 'default', own: true }));
    await expect(create(unchanged)).rejects.toThrow('must be between [10s');
  });

  test('with ACLs only those who have a token get in', async () => {
    const cluster = await started(startConsul({ acl: true, datacenter: 'north', own: true }));
    expect(await output(cluster, 'kv', 'put', 'a', 'b')).toContain('Success');
    const url = `${cluster.urls[0]!}/v1/kv/a?dc=north`;
    await expect(request(url)).rejects.toThrow(/: 40[34]/);
    expect(await request(url, { headers: { 'X-Consul-Token': cluster.token! } })).toContain('"Key":"a"');
  });

  test('with TLS only those who trust its CA, and have a certificate of it, get in', async () => {
    const { server, client, stranger } = await certificates();
    const cluster = await started(startConsul({ tls: { ...server, clientCertAuth: true }, own: true }));
    const url = `${cluster.urls[0]!}/v1/status/leader`;
    expect(await request(url, { tls: client })).toContain('127.0.0.1');
    await expect(request(url, { tls: { ...client, ca: stranger.ca } })).rejects.toThrow('certificate');
    await expect(request(url, { tls: { ...stranger, ca: client.ca } })).rejects.toThrow(
      /alert|reset|hang up/i,
    );
    expect(await output(cluster, 'kv', 'put', 'a', 'b')).toContain('Success');
  });
});
