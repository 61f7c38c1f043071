import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, openStore } from '@tenure/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { makeCertificates } from '../../../test/servers/certificates.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import { openUrl } from '../src/index.ts';
import { nonce, openSession, soon } from './support.ts';

const refusal = (url: string): string => {
  try {
    openUrl(url);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as Error).message;
  }
  throw new Error(`${url} was accepted`);
};

describe('an etcd: URL', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenure-url-'));
    await writeFile(join(folder, 'text'), 'no PEM');
    for (const name of ['ca', 'cert', 'key']) await writeFile(join(folder, name), `-----BEGIN ${name}`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('makes a store, and names its namespace', () => {
    expect(openUrl('etcd://h1:2379,h2/team/jobs')).toMatchObject({ name: 'etcd', namespace: 'team/jobs' });
    expect(openUrl('etcd://h1?namespace=jobs')).toMatchObject({ namespace: 'jobs' });
    expect(openUrl('etcd://h1/')).not.toHaveProperty('namespace');
    expect(openUrl(`etcd://h1?ca=${folder}/ca&cert=${folder}/cert&key=${folder}/key`).name).toBe('etcd');
  });

  it('that makes no sense is refused, without its password', () => {
    const file = (name: string): string => `${name}=${folder}/${name}`;
    const refused: [string, string][] = [
      ['http://h', 'does not begin with etcd://'],
      ['etcd:h', 'must begin with etcd://'],
      ['etcd:///ns', 'names no host'],
      ['etcd://:HUSH@h', 'both a user name and a password'],
      ['etcd://HUSH@h', 'both a user name and a password'],
      ['etcd://me:HUSH@h/a/', '"a/" of the etcd: URL ends in a slash'],
      ['etcd://me:HUSH@h?password=HUSH', 'no parameter "password"; it has namespace, tls, ca, cert, key'],
      ['etcd://me:HUSH@h?tls=HUSH', '"tls" of the etcd: URL must be true or false'],
      [`etcd://me:HUSH@h?tls=false&${file('ca')}`, 'which need tls=true'],
      [`etcd://h?${file('cert')}&${file('key')}`, 'needs "ca"'],
      [`etcd://h?${file('ca')}&${file('cert')}`, 'both "cert" and "key"'],
      ['etcd://h?ca=/no/such', '"/no/such": ENOENT'],
      [`etcd://h?ca=${folder}/text`, '"credentials.rootCertificate" must be PEM'],
    ];
    for (const [url, message] of refused) {
      expect(refusal(url)).toContain(message);
      expect(refusal(url)).not.toContain('HUSH');
    }
  });
});

const own = await serverOrSkip('etcd', { own: true });

describe.skipIf(!own)('a real etcd, opened by URL', () => {
  it('lets a user in, whose password is percent-encoded', async () => {
    const password = 'a@b/c:d?e#f%+';
    const cluster = await startEtcd({ auth: { user: 'tenure', password } });
    const [host] = cluster.urls.map((url) => url.replace('http://', ''));
    const store = await openStore(`etcd://tenure:${encodeURIComponent(password)}@${host}/url-${nonce()}`);
    const session = await openSession(store);
    await session.close(soon());
    await store.close();
    await cluster.stop();
  });

  it('is reached over TLS with the files that the URL names', async () => {
    const certificates = await makeCertificates();
    const { server, client } = certificates;
    const cluster = await startEtcd({ tls: { ...server, clientCertAuth: true } });
    const [host] = cluster.urls.map((url) => url.replace('https://', ''));
    const store = await openStore(`etcd://${host}?ca=${client.ca}&cert=${client.cert}&key=${client.key}`);
    expect(await store.holder({ namespace: 'a', name: 'b' }, soon())).toBeUndefined();
    await store.close();
    await cluster.stop();
    await certificates.remove();
  });
});
