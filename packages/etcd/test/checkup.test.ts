import { AccessDeniedError, ClosedError, StoreUnavailableError } from '@tenure/core/store';
import type { Finding, Store } from '@tenure/core/store';
import { Etcd3 } from 'etcd3';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import { etcd } from '../src/index.ts';
import type { EtcdOptions } from '../src/index.ts';
import { Operator, soon, talliedClient } from './support.ts';

const own = await serverOrSkip('etcd', { own: true });

const storeOf = (options: EtcdOptions): Store => {
  const store = etcd(options);
  onTestFinished(() => store.close());
  return store;
};

const textsOf = (findings: readonly Finding[], level: Finding['level']): string[] =>
  findings.filter((finding) => finding.level === level).map(({ text }) => text);

describe.skipIf(!own)('the checkup of a single etcd', async () => {
  const cluster = await startEtcd({ own: true });
  const operator = new Operator(cluster.urls);

  afterAll(async () => {
    operator.client.close();
    await cluster.stop();
  });

  it('names the version, and warns of nothing but that there is one member', async () => {
    const { version } = await operator.client.maintenance.status();
    const checkup = await storeOf({ hosts: cluster.urls }).checkup!(soon());
    expect(checkup.product).toBe(`etcd ${version}`);
    expect(checkup.serverTimeMs).toBeUndefined();
    expect(textsOf(checkup.findings, 'bad')).toEqual([]);
    expect(textsOf(checkup.findings, 'warning')).toEqual([expect.stringContaining('one member only')]);
    const good = textsOf(checkup.findings, 'good').join('\n');
    for (const words of ['has a leader', 'elapsed time', 'no password', 'MiB']) expect(good).toContain(words);
  });

  it('changes nothing', async () => {
    const revision = async (): Promise<string> =>
      (await operator.client.kv.range({ key: Buffer.from('x') })).header.revision;
    const [before, leases] = [await revision(), await operator.leases()];
    await storeOf({ hosts: cluster.urls }).checkup!(soon());
    expect([await revision(), await operator.leases()]).toEqual([before, leases]);
  });

  it('says that its quota is used up, and what to do', async () => {
    const { header } = await operator.client.maintenance.status();
    const alarm = { memberID: header.member_id, alarm: 'Nospace' } as const;
    await operator.client.maintenance.alarm({ ...alarm, action: 'Activate' });
    try {
      const { findings } = await storeOf({ hosts: cluster.urls }).checkup!(soon());
      expect(textsOf(findings, 'bad')).toEqual([expect.stringMatching(/NOSPACE.*alarm disarm/u)]);
    } finally {
      await operator.client.maintenance.alarm({ ...alarm, action: 'Deactivate' });
    }
  });

  it('ends at once when its signal aborts, whatever etcd does', async () => {
    const { client, tally } = talliedClient(cluster.urls);
    onTestFinished(() => client.close());
    tally.silent.add('status');
    const leave = new AbortController();
    const asked = etcd({ client }).checkup!(leave.signal);
    const reason = new Error('enough');
    leave.abort(reason);
    await expect(asked).rejects.toBe(reason);
  });

  it('fails as any verb does where nobody answers, or the store is closed', async () => {
    await expect(storeOf({ hosts: 'http://127.0.0.1:1' }).checkup!(soon())).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
    const store = etcd({ hosts: cluster.urls });
    await store.close();
    await expect(store.checkup!(soon())).rejects.toBeInstanceOf(ClosedError);
  });
});

describe.skipIf(!own)('the checkup of three members', async () => {
  const cluster = await startEtcd({ own: true, members: 3 });

  afterAll(() => cluster.stop());

  it('warns of nothing', async () => {
    const { findings } = await storeOf({ hosts: cluster.urls }).checkup!(soon());
    expect(findings.filter(({ level }) => level !== 'good')).toEqual([]);
    expect(textsOf(findings, 'good').join('\n')).toContain('3 voting members, of which 1 may fail');
  });

  it('says so when the last one that is up has no leader', async () => {
    const [kept, ...others] = cluster.members;
    const store = storeOf({ hosts: kept!.url });
    const view = new Etcd3({ hosts: kept!.url });
    onTestFinished(() => view.close());
    await Promise.all(others.map((member) => member.kill()));
    await expect.poll(async () => (await view.maintenance.status()).leader, { timeout: 30_000 }).toBe('0');
    const { findings } = await store.checkup!(soon());
    expect(textsOf(findings, 'bad')).toEqual([expect.stringContaining('no leader')]);
  });
});

describe.skipIf(!own)('the checkup of an etcd with passwords', async () => {
  const user = { user: 'tenure', password: 's3cret' };
  const cluster = await startEtcd({ own: true, auth: user });

  afterAll(() => cluster.stop());

  it('tells a user of few rights what cannot be seen, and fails for none of it', async () => {
    const store = storeOf({ hosts: cluster.urls, auth: { username: user.user, password: user.password } });
    const { product, findings } = await store.checkup!(soon());
    expect(product).toMatch(/^etcd/u);
    expect(textsOf(findings, 'bad')).toEqual([]);
    expect(textsOf(findings, 'warning').join('\n')).toContain('cannot be seen by this user');
    expect(textsOf(findings, 'good').join('\n')).toContain('elapsed time');
  });

  it('tells root everything', async () => {
    const store = storeOf({ hosts: cluster.urls, auth: { username: 'root', password: user.password } });
    const { product, findings } = await store.checkup!(soon());
    expect(product).toMatch(/^etcd 3\.\d+\.\d+/u);
    expect(findings.map(({ text }) => text).join('\n')).not.toContain('cannot be seen');
    expect(textsOf(findings, 'good')).toContain('etcd asks for a user and a password.');
  });

  it('refuses a wrong password as every verb does', async () => {
    const store = storeOf({ hosts: cluster.urls, auth: { username: user.user, password: 'guess' } });
    await expect(store.checkup!(soon())).rejects.toBeInstanceOf(AccessDeniedError);
  });
});
