import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { describe, expect, it } from 'vitest';
import { makeCertificates } from '../../../test/servers/certificates.ts';
import { freePorts } from '../../../test/servers/ports.ts';
import type { RedisOptions } from '../src/index.ts';
import { failure, granted, held, keyOf, missing, serverOf, sessionOf, signal, storeOf } from './rig.ts';

/** A claim by one store, heard of by another that is given the same. */
async function works(options: RedisOptions): Promise<void> {
  const [first, second] = [await sessionOf(storeOf(options)), await sessionOf(storeOf(options))];
  const { claimId } = await granted(first, keyOf('job'));
  const place = await held(second, keyOf('job'));
  const parked = second.park(place, signal);
  await first.release(keyOf('job'), claimId, signal);
  await parked;
  const next = await granted(second, keyOf('job'), place.claimId);
  await second.release(keyOf('job'), next.claimId, signal);
}

describe.skipIf(missing)("a user's client", () => {
  it('of ioredis is never used itself, and stays as it was', async () => {
    const { url } = await serverOf();
    const lazy = new Redis(url, { lazyConnect: true });
    await works({ client: lazy });
    expect(lazy.status).toBe('wait');
    const own = new Redis(url);
    const store = storeOf({ client: own });
    await sessionOf(store);
    await store.close();
    expect(await own.ping()).toBe('PONG');
    own.disconnect();
  });

  it('of node-redis is never used itself, and stays as it was', async () => {
    const { url } = await serverOf();
    for (const create of [createClient, createClient5 as unknown as typeof createClient]) {
      const lazy = create({ url });
      await works({ client: lazy });
      expect(lazy.isOpen).toBe(false);
      const own = create({ url });
      await own.connect();
      const store = storeOf({ client: own });
      await sessionOf(store);
      await store.close();
      expect(await own.ping()).toBe('PONG');
      await own.close();
    }
  });

  it('hears none of our errors', async () => {
    const { url, members } = await serverOf();
    const ioredis = new Redis(url, { lazyConnect: true });
    const nodeRedis = createClient({ url });
    const heard: unknown[] = [];
    ioredis.on('error', (error) => heard.push(error));
    nodeRedis.on('error', (error) => heard.push(error));
    const stores = [storeOf({ client: ioredis }), storeOf({ client: nodeRedis })];
    const sessions = await Promise.all(stores.map((store) => sessionOf(store)));
    await members[0]!.kill();
    for (const session of sessions) {
      expect(await failure(session.renew(signal))).toMatchObject({ name: /NotApplied|StoreUnavailable/u });
      expect(await failure(session.renew(signal))).toMatchObject({ code: 'NOT_APPLIED' });
    }
    expect(heard).toEqual([]);
  });

  it('may have a prefix, a database, its own time-outs, pipelining, and answers as bytes', async () => {
    const { url, operator } = await serverOf();
    await works({ client: new Redis(url, { lazyConnect: true, keyPrefix: 'mine:' }) });
    expect(await operator.client.exists('{test}:lock:job')).toBe(1);
    const options = { lazyConnect: true, db: 3, enableAutoPipelining: true, commandTimeout: 5000 } as const;
    await works({ client: new Redis(url, options) });
    await works({ url: `${url}/4` });
    await works({ client: createClient({ url, database: 5, RESP: 3, commandsQueueMaxLength: 100 }) });
    for (const db of [3, 4, 5]) {
      await operator.client.select(db);
      expect(await operator.client.exists('{test}:lock:job')).toBe(1);
    }
  });

  it('may reach the server by TLS alone, with a CA and a certificate of its own', async () => {
    const certificates = await makeCertificates();
    const { server, client: mine, stranger } = certificates;
    const [port] = await freePorts(1);
    const files = [
      '--tls-ca-cert-file',
      server.ca,
      '--tls-cert-file',
      server.cert,
      '--tls-key-file',
      server.key,
    ];
    await serverOf({ args: ['--tls-port', String(port), ...files] });
    const tls = {
      ca: readFileSync(mine.ca),
      cert: readFileSync(mine.cert),
      key: readFileSync(mine.key),
    };
    await works({ client: new Redis({ port: port!, lazyConnect: true, tls }) });
    const socket = { host: '127.0.0.1', port: port!, tls: true as const };
    await works({ client: createClient({ socket: { ...socket, ...tls } }) });
    // Neither a CA that is not known, nor one of somebody else's, is trusted.
    const wary = [
      { url: `rediss://127.0.0.1:${port}` },
      { client: createClient({ socket: { ...socket, ca: readFileSync(stranger.ca) } }) },
    ];
    for (const options of wary) {
      const error = await failure(sessionOf(storeOf(options)));
      expect(error).toMatchObject({
        code: 'NOT_APPLIED',
        message: expect.stringMatching(/certificate/u) as string,
      });
    }
    await certificates.remove();
  });

  it('is not shown by a store, nor what it was told in secret', async () => {
    const { url } = await serverOf({ password: 'hush' });
    const clients = [
      new Redis(url, { lazyConnect: true }),
      createClient({ url }),
      createCluster({ rootNodes: [{ url }], defaults: { password: 'hush' } }),
    ];
    for (const client of clients) {
      const store = storeOf({ client });
      const session = client === clients[2] ? undefined : await sessionOf(store);
      for (const what of [store, session]) {
        expect(inspect(what, { depth: 10, showHidden: true })).not.toContain('hush');
      }
    }
  });
});
