import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { AccessDeniedError, StoreUnavailableError } from '@tenure/core/store';
import { Etcd3 } from 'etcd3';
import { afterAll, describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { makeCertificates } from '../../../test/servers/certificates.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import { etcd } from '../src/index.ts';
import { startingWith } from '../src/keys.ts';
import { Contender, nonce, openSession, sleep, soon } from './support.ts';

const own = await serverOrSkip('etcd', { own: true });

describe.skipIf(!own)('etcd with users and passwords', async () => {
  const user = { user: 'tenure', password: 's3cret' };
  const auth = { username: 'tenure', password: 's3cret' };
  const root = { username: 'root', password: 's3cret' };
  // Tokens that die after 2 s without use.
  const cluster = await startEtcd({ own: true, auth: user, args: ['--auth-token-ttl', '2'] });
  const freshKey = (name = 'job') => ({ namespace: `access-${nonce()}`, name });

  afterAll(() => cluster.stop());

  it('holds an election for a user who may read and write the keys (T18)', async () => {
    const key = freshKey();
    const store = etcd({ hosts: cluster.urls, auth });
    const [leader, waiter] = [
      new Contender(await openSession(store), key),
      new Contender(await openSession(store), key),
    ];
    const granted = await leader.grant();
    const parked = waiter.session.park(await waiter.held(), soon());
    await leader.session.save(granted, 'page 1', 1, soon());
    await store.evict(key, granted.token, { force: false }, soon());
    expect((await leader.session.renew(soon())).news).toEqual([{ claimId: leader.claimId, what: 'evicted' }]);
    await leader.release();
    await parked;
    expect(await waiter.claim()).toMatchObject({ outcome: 'granted', checkpoint: 'page 1' });
    await leader.session.close(soon());
    await waiter.session.close(soon());
    await store.close();
  });

  it('says that a password or a user is wrong', async () => {
    for (const wrong of [
      { ...auth, password: 'guess' },
      { ...auth, username: 'nobody' },
    ]) {
      const store = etcd({ hosts: cluster.urls, auth: wrong });
      await expect(openSession(store)).rejects.toBeInstanceOf(AccessDeniedError);
      await expect(store.holder(freshKey(), soon())).rejects.toBeInstanceOf(AccessDeniedError);
      await store.close();
    }
    const nameless = etcd({ hosts: cluster.urls });
    await expect(nameless.holder(freshKey(), soon())).rejects.toBeInstanceOf(AccessDeniedError);
    await nameless.close();
  });

  it('gets a new token when the old one has expired, for calls and for watches', async () => {
    const key = freshKey();
    const store = etcd({ hosts: cluster.urls, auth });
    const leader = new Contender(await openSession(store), key);
    await leader.grant();
    await sleep(4000);
    expect((await leader.session.renew(soon())).news).toEqual([]);
    await sleep(4000);
    // The stream of the watches was opened with the first token.
    const waiter = new Contender(leader.session, key);
    const held = await waiter.held();
    const parked = waiter.session.park(held, soon());
    await sleep(100);
    await leader.release();
    await parked;
    await waiter.grant();
    await store.close();
  });

  it('says no at once to a user who lacks the permission, to watches too', async () => {
    const admin = new Etcd3({ hosts: cluster.urls, auth: root });
    const name = `reader-${nonce()}`;
    const key = freshKey();
    await admin.auth.roleAdd({ name });
    await admin.auth.roleGrantPermission({
      name,
      perm: { permType: 'Read', ...startingWith(`${key.namespace}/`) },
    } as never);
    await admin.auth.userAdd({ name, password: 'x' });
    await admin.auth.userGrantRole({ user: name, role: name });
    const store = etcd({ hosts: cluster.urls, auth: { username: name, password: 'x' } });
    expect(await store.holder(key, soon())).toBeUndefined();
    const session = await openSession(store);
    await expect(new Contender(session, key).claim()).rejects.toBeInstanceOf(AccessDeniedError);
    await expect(store.holder(freshKey(), soon())).rejects.toBeInstanceOf(AccessDeniedError);
    const observed = store.watch(key, soon())[Symbol.asyncIterator]();
    expect(await observed.next()).toEqual({ value: undefined, done: false });
    const next = observed.next();
    await sleep(50);
    await admin.auth.userRevokeRole({ name, role: name });
    await admin.auth.userGrantRole({ user: name, role: name });
    const writer = etcd({ hosts: cluster.urls, auth });
    const { token } = await new Contender(await openSession(writer), key).grant();
    expect(await next).toMatchObject({ value: { token } });
    await store.close();
    await writer.close();
    admin.close();
  });

  it('works with a client of the user, also when its token has expired', async () => {
    const key = freshKey();
    const client = new Etcd3({ hosts: cluster.urls, auth });
    const store = etcd({ client });
    const leader = new Contender(await openSession(store), key);
    await leader.grant();
    await sleep(4000);
    expect((await leader.session.renew(soon())).news).toEqual([]);
    await leader.session.close(soon());
    await store.close();
    // It is not ours to close.
    await client.get('x');
    client.close();
  });
});

describe.skipIf(!own)('etcd behind TLS', async () => {
  const certificates = await makeCertificates();
  const { server, client, stranger } = certificates;
  const cluster = await startEtcd({ own: true, tls: { ...server, clientCertAuth: true } });
  const credentials = {
    rootCertificate: await readFile(client.ca),
    privateKey: await readFile(client.key, 'utf8'),
    certChain: await readFile(client.cert),
  };
  const key = { namespace: 'tls', name: 'job' };

  afterAll(async () => {
    await cluster.stop();
    await certificates.remove();
  });

  it('is reached with its own CA and a client certificate', async () => {
    const store = etcd({ hosts: cluster.urls, credentials });
    const leader = new Contender(await openSession(store), key);
    await leader.grant();
    await leader.session.renew(soon());
    await leader.session.close(soon());
    await store.close();
  });

  it('is not reached with a wrong CA, which the error says', async () => {
    const wrong = { ...credentials, rootCertificate: await readFile(stranger.ca) };
    const store = etcd({ hosts: cluster.urls, credentials: wrong });
    await expect(openSession(store)).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(openSession(store)).rejects.toThrow(
      /127\.0\.0\.1:\d+: leaseGrant.*certificate.*credentials/su,
    );
    const parked = store.watch(key, soon())[Symbol.asyncIterator]().next();
    await expect(parked).rejects.toThrow(/certificate/u);
    await store.close();
  });

  it('is not reached without a client certificate, with one of a stranger, or over plain http', async () => {
    const { rootCertificate } = credentials;
    const strange = {
      rootCertificate,
      privateKey: await readFile(stranger.key),
      certChain: await readFile(stranger.cert),
    };
    for (const store of [
      etcd({ hosts: cluster.urls, credentials: { rootCertificate } }),
      etcd({ hosts: cluster.urls, credentials: strange }),
      etcd({ hosts: cluster.urls.map((url) => url.replace('https:', 'http:')) }),
    ]) {
      await expect(openSession(store)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await store.close();
    }
  });

  it('lets a process end after a handshake that failed', async () => {
    const program = `
      const { etcd } = await import(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)});
      const store = etcd({ hosts: ${JSON.stringify(cluster.urls)} });
      await store.holder({ namespace: 'a', name: 'b' }, AbortSignal.timeout(5000)).catch((e) => console.log(e.code));
      await store.close();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 10_000,
    });
    expect(stdout).toBe('STORE_UNAVAILABLE\n');
  });
});
