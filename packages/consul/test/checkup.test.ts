import { startProxy } from '@tenure/conformance/network';
import { AccessDeniedError, ClosedError, StoreUnavailableError } from '@tenure/core/store';
import type { Finding } from '@tenure/core/store';
import { consul, openUrl } from '@tenure/consul';
import type { ConsulOptions } from '@tenure/consul';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startConsul, type ConsulCluster } from '../../../test/servers/consul.ts';
import { Agent, memberOf } from './agent.ts';
import { nonce, soon } from './bench.ts';

const textsOf = (findings: readonly Finding[], level: Finding['level']): string[] =>
  findings.filter((finding) => finding.level === level).map(({ text }) => text);

const checkupOf = async (options: ConsulOptions) => {
  const store = consul(options);
  onTestFinished(() => store.close());
  return store.checkup!(soon());
};

const own = await serverOrSkip('consul', { own: true });

describe.skipIf(!own)('the checkup of a single Consul', () => {
  let cluster: ConsulCluster;
  beforeAll(async () => {
    cluster = await startConsul({ own: true, ttlMinMs: 2000 });
  });
  afterAll(() => cluster.stop());

  test('names version, time and leader, and warns of nothing but that there is one server', async () => {
    const before = Date.now();
    const checkup = await checkupOf({ address: cluster.urls });
    expect(checkup.product).toMatch(/^Consul \d+\.\d+\.\d+/u);
    // HTTP tells whole seconds.
    expect(checkup.serverTimeMs).toBeGreaterThan(before - 2000);
    expect(checkup.serverTimeMs).toBeLessThan(Date.now() + 2000);
    expect(textsOf(checkup.findings, 'bad')).toEqual([]);
    expect(textsOf(checkup.findings, 'warning')).toEqual([expect.stringContaining('one server only')]);
    const good = textsOf(checkup.findings, 'good').join('\n');
    for (const words of ['has a leader', '2000 ms; minTtlMs, 10000, could be as low', 'ACLs are off']) {
      expect(good).toContain(words);
    }
  });

  test('says when minTtlMs promises TTLs that the agent refuses', async () => {
    const { findings } = await checkupOf({ address: cluster.urls, minTtlMs: 1000 });
    expect(textsOf(findings, 'bad')).toEqual([
      expect.stringMatching(/session_ttl_min is 2000 ms.*Set minTtlMs to 2000/u),
    ]);
  });

  test('changes nothing', async () => {
    const agent = new Agent(memberOf(cluster).url);
    const before = [await agent.keys(''), await agent.sessions()];
    await checkupOf({ address: cluster.urls });
    expect([await agent.keys(''), await agent.sessions()]).toEqual(before);
  });

  test('ends at once when its signal aborts, whatever Consul does', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(cluster).port });
    const store = consul({ address: `http://127.0.0.1:${proxy.port}` });
    onTestFinished(async () => {
      await store.close();
      await proxy.close();
    });
    proxy.blackHole();
    const leave = new AbortController();
    const asked = store.checkup!(leave.signal);
    const reason = new Error('enough');
    leave.abort(reason);
    await expect(asked).rejects.toBe(reason);
  });

  test('fails as any verb does where nobody answers, or the store is closed', async () => {
    await expect(checkupOf({ address: 'http://127.0.0.1:1' })).rejects.toBeInstanceOf(StoreUnavailableError);
    const store = consul({ address: cluster.urls });
    await store.close();
    await expect(store.checkup!(soon())).rejects.toBeInstanceOf(ClosedError);
  });
});

describe.skipIf(!own)('the checkup of a Consul with ACLs', () => {
  let cluster: ConsulCluster;
  beforeAll(async () => {
    cluster = await startConsul({ own: true, acl: true });
  });
  afterAll(() => cluster.stop());

  const tokenFor = async (rules: string): Promise<string> => {
    const ask = async (path: string, body: unknown) => {
      const headers = { 'x-consul-token': cluster.token ?? '' };
      const url = `${memberOf(cluster).url}/v1/acl/${path}`;
      const response = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(body) });
      return (await response.json()) as { ID: string; SecretID: string };
    };
    const policy = await ask('policy', { Name: `p-${nonce()}`, Rules: rules });
    return (await ask('token', { Policies: [{ ID: policy.ID }] })).SecretID;
  };

  test('says which rules a token lacks, also what it may not see', async () => {
    const { product, findings } = await checkupOf({ address: cluster.urls, token: await tokenFor('') });
    expect(product).toBe('Consul');
    expect(textsOf(findings, 'bad')).toEqual([
      expect.stringContaining('key_prefix "tenure/" { policy = "write" }'),
    ]);
    const warnings = textsOf(findings, 'warning').join('\n');
    expect(warnings).toContain('agent_prefix "" { policy = "read" }');
    expect(warnings).toContain('session_prefix "" { policy = "write" }');
  });

  test('asks for the keys of the namespace that the URL names', async () => {
    const token = await tokenFor(
      'key_prefix "apps/billing/" { policy = "write" } agent_prefix "" { policy = "read" }',
    );
    const { host } = new URL(memberOf(cluster).url);
    const store = openUrl(`consul://:${token}@${host}/billing?keyPrefix=apps/`);
    onTestFinished(() => store.close());
    const { findings } = await store.checkup!(soon());
    expect(textsOf(findings, 'bad')).toEqual([
      expect.stringContaining('session_prefix "consul-1" { policy = "write" }'),
    ]);
  });

  test('finds nothing wrong with the two rules of the README', async () => {
    const rules = 'session_prefix "" { policy = "write" } key_prefix "tenure/" { policy = "write" }';
    const { findings } = await checkupOf({ address: cluster.urls, token: await tokenFor(rules) });
    expect(textsOf(findings, 'bad')).toEqual([]);
    expect(textsOf(findings, 'good')).toContain('The token may write sessions, and keys under tenure/.');
  });

  test('refuses a token that nobody knows as every verb does', async () => {
    const token = '11111111-2222-3333-4444-555555555555';
    await expect(checkupOf({ address: cluster.urls, token })).rejects.toBeInstanceOf(AccessDeniedError);
  });
});

describe.skipIf(!own)('the checkup of three Consul servers', () => {
  let cluster: ConsulCluster;
  beforeAll(async () => {
    cluster = await startConsul({ own: true, members: 3 });
  });
  afterAll(() => cluster.stop());

  test('warns of nothing', async () => {
    const { findings } = await checkupOf({ address: cluster.urls });
    expect(findings.filter(({ level }) => level !== 'good')).toEqual([]);
  });

  test('says so when the last one that is up has no leader', async () => {
    const [kept, ...others] = cluster.members;
    await Promise.all(others.map((member) => member.kill()));
    const view = new Agent(kept!.url);
    await expect.poll(() => view.get<string>('/status/leader'), { timeout: 30_000 }).toBe('');
    const { findings } = await checkupOf({ address: kept!.url });
    expect(textsOf(findings, 'bad')).toEqual([expect.stringContaining('no leader')]);
  });
});
