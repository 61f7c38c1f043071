import { readFile } from 'node:fs/promises';
import { consul } from '@tenure/consul';
import { TenureError, createTenure } from '@tenure/core';
import type { Store } from '@tenure/core/store';
import { etcd } from '@tenure/etcd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverOrSkip } from '../servers/availability.ts';
import { makeCertificates } from '../servers/certificates.ts';
import type { Certificates } from '../servers/certificates.ts';
import type { Cluster } from '../servers/cluster.ts';
import { startConsul } from '../servers/consul.ts';
import { startEtcd } from '../servers/etcd.ts';
import { freePorts } from '../servers/ports.ts';

const available =
  (await serverOrSkip('etcd', { own: true })) && (await serverOrSkip('consul', { own: true }));

/** What a user gets: the error of a try, as a row of the table that is printed at the end. */
const rows: string[] = [];

async function refusal(what: string, use: () => unknown): Promise<TenureError> {
  let error: unknown;
  try {
    await use();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(TenureError);
  const { name, code, message } = error as TenureError;
  rows.push(`| ${what} | ${name} | ${code} | ${message.replaceAll(/\s+/gu, ' ').slice(0, 200)} |`);
  return error as TenureError;
}

/** Asks for a lock once, through everything that opening a session needs. */
async function ask(store: Store, ttlMs: number): Promise<void> {
  const tenure = createTenure({ store, ttlMs });
  try {
    await tenure.lock('job').tryAcquire();
  } finally {
    await tenure.close();
  }
}

describe.skipIf(!available)('bad input gets a typed error at once', () => {
  let certificates: Certificates;
  let servers: { etcd: Cluster; etcdTls: Cluster; etcdAuth: Cluster; consulAcl: Cluster; consulTls: Cluster };
  let wrongCa: string;

  beforeAll(async () => {
    certificates = await makeCertificates();
    wrongCa = await readFile(certificates.stranger.ca, 'utf8');
    const [plain, etcdTls, etcdAuth, consulAcl, consulTls] = await Promise.all([
      startEtcd({ own: true }),
      startEtcd({ tls: certificates.server }),
      startEtcd({ auth: { user: 'tenure', password: 'right' } }),
      startConsul({ acl: true }),
      startConsul({ tls: certificates.server }),
    ]);
    servers = { etcd: plain, etcdTls, etcdAuth, consulAcl, consulTls };
  });

  afterAll(async () => {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
    await certificates.remove();
    process.stdout.write(`\n| input | class | code | message |\n|---|---|---|---|\n${rows.join('\n')}\n\n`);
  });

  it('from options and keys, before anything is sent', async () => {
    const store = (): Store => etcd({ hosts: servers.etcd.urls });
    const tenure = createTenure({ store: store() });
    const sentNothing = [
      await refusal('empty key', () => tenure.election('')),
      await refusal('TTL 0', () => createTenure({ store: store(), ttlMs: 0 })),
      await refusal('TTL 1 s on etcd', () => createTenure({ store: store(), ttlMs: 1000 })),
      await refusal('TTL 9 s on Consul', () => createTenure({ store: consul({}), ttlMs: 9000 })),
      await refusal('unknown option', () => createTenure({ store: store(), tttl: 5 } as never)),
      await refusal('unknown option of etcd()', () => etcd({ host: 'x' } as never)),
      await refusal('unknown option of consul()', () => consul({ adress: 'x' } as never)),
      await refusal('hosts that are no URL', () => etcd({ hosts: 'not a url' })),
    ];
    expect(sentNothing.map(({ code }) => code)).toEqual(sentNothing.map(() => 'INVALID_ARGUMENT'));
    await tenure.close();
  });

  it('from values over the limit, and the term goes on', async () => {
    const tenure = createTenure({ store: etcd({ hosts: servers.etcd.urls }) });
    const term = await tenure.lock('job').acquire();
    const huge = 'x'.repeat(4_000_000);
    const { code } = await refusal('checkpoint over the limit', () => term.save(huge));
    expect(code).toBe('VALUE_TOO_LARGE');
    await refusal('metadata over the limit', () => tenure.election('job', { metadata: huge }));
    expect(term.isCurrent()).toBe(true);
    await tenure.close();
  });

  it('from a dead address', async () => {
    const [port] = await freePorts(1);
    const dead = `http://127.0.0.1:${port}`;
    const errors = [
      await refusal('dead address, etcd', () => ask(etcd({ hosts: dead }), 3000)),
      await refusal('dead address, Consul', () => ask(consul({ address: dead }), 10_000)),
    ];
    expect(errors.map(({ code }) => code)).toEqual(['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE']);
    for (const { message } of errors) expect(message).toContain(`127.0.0.1:${port}`);
  });

  it('from a wrong password or token', async () => {
    const auth = { username: 'tenure', password: 'wrong' };
    const errors = [
      await refusal('wrong password, etcd', () => ask(etcd({ hosts: servers.etcdAuth.urls, auth }), 10_000)),
      await refusal('no password, etcd', () => ask(etcd({ hosts: servers.etcdAuth.urls }), 10_000)),
      await refusal('wrong token, Consul', () =>
        ask(
          consul({ address: servers.consulAcl.urls, token: '00000000-0000-4000-8000-000000000000' }),
          10_000,
        ),
      ),
    ];
    expect(errors.map(({ code }) => code)).toEqual(errors.map(() => 'ACCESS_DENIED'));
    for (const { message } of errors) expect(message).not.toContain('wrong');
  });

  it('from a wrong certificate authority', async () => {
    const errors = [
      await refusal('wrong CA, etcd', () =>
        ask(etcd({ hosts: servers.etcdTls.urls, credentials: { rootCertificate: wrongCa } }), 10_000),
      ),
      await refusal('wrong CA, Consul', () =>
        ask(consul({ address: servers.consulTls.urls, tls: { ca: wrongCa } }), 10_000),
      ),
    ];
    expect(errors.map(({ code }) => code)).toEqual(['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE']);
    for (const { message } of errors) expect(message).toMatch(/certificate/u);
  });
});
