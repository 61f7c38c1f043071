import { readFile } from 'node:fs/promises';
import { AccessDeniedError, StoreUnavailableError } from '@tenure/core/store';
import { startProxy } from '@tenure/conformance/network';
import { consul } from '@tenure/consul';
import Consul from 'consul';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { makeCertificates, type Certificates } from '../../../test/servers/certificates.ts';
import { startConsul, type ConsulCluster } from '../../../test/servers/consul.ts';
import { memberOf } from './agent.ts';
import { Bench, failureOf, nonce, pass, soon } from './bench.ts';

const request = () => ({ id: nonce(), ttlMs: 20_000, name: 'test', namespace: 'test' });
const record = () => ({ id: 'me', claimId: nonce(), acquiredAt: '2030-01-01T00:00:00.000Z' });
const dead = 'http://127.0.0.1:1';

describe.skipIf(!(await serverOrSkip('consul', { own: true })))('access', () => {
  describe('with ACLs', () => {
    let cluster: ConsulCluster;
    beforeAll(async () => {
      cluster = await startConsul({ acl: true });
    });
    afterAll(() => cluster.stop());

    const key = { namespace: 'acl', name: 'job' };
    const can = async (token: string | undefined) => {
      const store = consul({ address: cluster.urls, ...(token === undefined ? {} : { token }) });
      const session = await store.open(request(), soon());
      const outcome = await session.claim(key, record(), soon());
      if (outcome.outcome !== 'granted') throw new Error('held');
      await session.announce(outcome, record(), soon());
      await session.save(outcome, 'x', 1, soon());
      await session.renew(soon());
      expect(await store.holder(key, soon())).toBeDefined();
      expect(await store.list(key, soon())).toHaveLength(1);
      await session.close(soon());
      await store.close();
    };
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

    test('a token that is missing, unknown or allowed nothing is an AccessDeniedError', async () => {
      for (const token of [undefined, '11111111-2222-3333-4444-555555555555', await tokenFor('')]) {
        expect(await failureOf(can(token))).toBeInstanceOf(AccessDeniedError);
      }
    });

    test('a session alone is not enough: the key is refused as well', async () => {
      const error = await failureOf(can(await tokenFor('session_prefix "" { policy = "write" }')));
      expect(error).toBeInstanceOf(AccessDeniedError);
    });

    test('the two rules of the README are enough', async () => {
      await can(
        await tokenFor('session_prefix "" { policy = "write" } key_prefix "acl/" { policy = "write" }'),
      );
    });

    test("the token of the user's own client is used", async () => {
      const url = new URL(memberOf(cluster).url);
      const options = {
        host: url.hostname,
        port: Number(url.port),
        defaults: { token: cluster.token ?? '' },
      };
      const store = consul({ client: new Consul(options) });
      const session = await store.open(request(), soon());
      await session.close(soon());
      await store.close();
    });
  });

  describe('with TLS', () => {
    let cluster: ConsulCluster;
    let certificates: Certificates;
    beforeAll(async () => {
      certificates = await makeCertificates();
      cluster = await startConsul({ tls: { ...certificates.server, clientCertAuth: true } });
    });
    afterAll(async () => {
      await cluster.stop();
      await certificates.remove();
    });

    const open = async (identity: Certificates['client'], ca = identity.ca) => {
      const [authority, cert, key] = await Promise.all(
        [ca, identity.cert, identity.key].map((file) => readFile(file, 'utf8')),
      );
      const store = consul({
        address: cluster.urls,
        tls: { ca: authority ?? '', cert: cert ?? '', key: key ?? '' },
      });
      try {
        const session = await store.open(request(), soon());
        const outcome = await session.claim({ namespace: 'tls', name: 'job' }, record(), soon());
        await session.close(soon());
        return outcome.outcome;
      } finally {
        await store.close();
      }
    };

    test('works with a CA and a certificate of its own', async () => {
      expect(await open(certificates.client)).toBe('granted');
    });

    test('an agent of another CA is not trusted, and the error says it is TLS', async () => {
      const error = await failureOf(open(certificates.client, certificates.stranger.ca));
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error.message).toMatch(/TLS/u);
    });

    test('an agent that does not trust us says so', async () => {
      const error = await failureOf(open(certificates.stranger, certificates.client.ca));
      expect(error).toBeInstanceOf(StoreUnavailableError);
    });

    test('plain http to an agent that speaks TLS is an error, not a wait', async () => {
      const store = consul({ address: memberOf(cluster).url.replace('https', 'http') });
      expect(await failureOf(store.open(request(), soon()))).toBeInstanceOf(StoreUnavailableError);
      await store.close();
    });
  });

  describe('with one agent', () => {
    let cluster: ConsulCluster;
    let bench: Bench;
    beforeAll(async () => {
      cluster = await startConsul({ datacenter: 'berlin' });
    });
    afterAll(() => cluster.stop());
    beforeEach(() => {
      bench = new Bench(memberOf(cluster).url);
    });
    afterEach(() => bench.end());

    test('an address that can not be reached is passed over, for every verb and at once', async () => {
      const session = await bench.session({ addresses: [dead, memberOf(cluster).url] });
      const start = performance.now();
      const granted = await bench.grant(session);
      await session.renew(soon());
      await session.release(bench.key(), granted.claimId, soon());
      expect(performance.now() - start).toBeLessThan(1000);
    });

    test('an address that stops answering is left for the next one, and a session goes on', async () => {
      const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(cluster).port });
      const addresses = [`http://127.0.0.1:${proxy.port}`, memberOf(cluster).url];
      const session = await bench.session({ addresses }, 4000);
      const granted = await bench.grant(session);
      proxy.blackHole();
      await failureOf(session.renew(soon(300)));
      expect((await session.renew(soon())).news).toEqual([]);
      expect((await bench.grant(session, 'job', bench.record(granted.claimId))).token).toBe(granted.token);
      await proxy.close();
    });

    test('when nothing can be reached, the error quotes the address', async () => {
      const error = await failureOf(bench.session({ addresses: [dead, 'http://127.0.0.1:2'] }));
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error.message).toMatch(/127\.0\.0\.1:2.*ECONNREFUSED/u);
    });

    test('a datacenter is asked for by name, and one that does not exist is told', async () => {
      await bench.grant(await bench.session({ datacenter: 'berlin' }));
      const error = await failureOf(bench.session({ datacenter: 'paris' }));
      expect(error.message).toMatch(/datacenter/u);
    });

    test("the user's own client is enough, and its connections are bounded as ours are", async () => {
      const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(cluster).port });
      const client = new Consul({ host: '127.0.0.1', port: proxy.port });
      const session = await bench.session({ client, maxConnections: 8 });
      const names = Array.from({ length: 100 }, (_, index) => `job-${index}`);
      await Promise.all(names.map((name) => bench.grant(session, name)));
      await pass(100);
      expect(proxy.open).toBeLessThanOrEqual(8);
      await session.close(soon());
      await proxy.close();
    });

    test('a key prefix goes before everything, and other stores see nothing of it', async () => {
      const store = bench.store({ keyPrefix: 'apps/' });
      const granted = await bench.grant(await bench.open(store), 'a/b');
      expect(await bench.agent.keys('apps/')).toEqual([`apps/${bench.namespace}/a/b/.lock`]);
      expect((await store.list(bench.key('a/'), soon())).map(({ token }) => token)).toEqual([granted.token]);
      expect(await bench.store().list(bench.key(''), soon())).toEqual([]);
    });
  });

  test('an agent that allows fewer connections says so by resets, and the error names the limit', async () => {
    const cluster = await startConsul({ httpMaxConnsPerClient: 6, own: true });
    const bench = new Bench(memberOf(cluster).url);
    const session = await bench.session({ maxConnections: 32 });
    await bench.grant(session);
    const store = bench.store({ maxConnections: 32 });
    // Nothing of that goes together with anything else.
    const lists = Array.from({ length: 60 }, () => store.list(bench.key(''), soon()));
    const outcomes = await Promise.allSettled(lists);
    const errors = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as Error] : [],
    );
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error.message).toMatch(/http_max_conns_per_client/u);
    }
    await bench.end();
    await cluster.stop();
  });
});
