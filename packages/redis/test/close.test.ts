import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startProxy } from '@tenure/conformance/network';
import { ClosedError } from '@tenure/core/store';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { until } from '../../../test/servers/until.ts';
import { redis } from '../src/index.ts';
import type { RedisOptions } from '../src/index.ts';
import { failure, granted, held, keyOf, missing, recordOf, serverOf, sessionOf, signal } from './rig.ts';

const run = promisify(execFile);

const each = (url: string): RedisOptions[] => [
  { url },
  { client: new Redis(url, { lazyConnect: true }) },
  { client: createClient({ url }) },
];

describe.skipIf(missing)('a store that is closed', () => {
  it('settles what is in flight, twice too, and refuses everything after', async () => {
    const { members, operator } = await serverOf();
    const proxy = await startProxy({ host: '127.0.0.1', port: members[0]!.port });
    for (const options of each(`redis://127.0.0.1:${proxy.port}`)) {
      await proxy.pass();
      await operator.client.flushall();
      const store = redis(options);
      const session = await sessionOf(store);
      await granted(session, keyOf('job'));
      const parked = session.park(await held(session, keyOf('job')), signal);
      proxy.blackHole();
      const asked = [session.renew(signal), session.claim(keyOf('job'), recordOf(), signal)].map(failure);
      await Promise.all([store.close(), store.close()]);
      for (const error of await Promise.all(asked)) expect(error).toBeInstanceOf(Error);
      await parked;
      await store.close();
      expect(await failure(session.renew(signal))).toBeInstanceOf(ClosedError);
      expect(await failure(store.holder(keyOf('job'), signal))).toBeInstanceOf(ClosedError);
      expect(await failure(sessionOf(store))).toBeInstanceOf(ClosedError);
      await session.close(signal);
      await proxy.pass();
      await until('the connections are gone', async () => (proxy.open === 0 ? true : undefined));
    }
    await proxy.close();
  });

  it('while it connects leaves nothing behind, wherever that hangs', async () => {
    const { members } = await serverOf();
    const proxy = await startProxy({ host: '127.0.0.1', port: members[0]!.port });
    for (const options of each(`redis://:none@127.0.0.1:${proxy.port}`)) {
      proxy.blackHole();
      const store = redis(options);
      const opened = failure(sessionOf(store));
      await until('it connects', async () => (proxy.open > 1 ? true : undefined));
      await store.close();
      expect(await opened).toBeInstanceOf(Error);
      await proxy.pass();
      await until('the connections are gone', async () => (proxy.open === 0 ? true : undefined));
    }
    await proxy.close();
  });

  it('lets its process end, by every client', async () => {
    const { url } = await serverOf();
    const program = `
      import { createTenure } from '@tenure/core';
      import { redis } from '@tenure/redis';
      import { Redis } from 'ioredis';
      import { createClient } from 'redis';
      const url = ${JSON.stringify(url)};
      for (const options of [{ url }, { client: new Redis(url, { lazyConnect: true }) }, { client: createClient({ url }) }]) {
        const [one, two] = [0, 1].map(() => createTenure({ store: redis(options), namespace: 'test', ttlMs: 60_000 }));
        const term = await one.lock('job').acquire();
        const next = two.lock('job').acquire().catch((error) => error.code);
        await two.lock('job').tryAcquire();
        await two.close();
        await term.release();
        await one.close();
        console.log(await next);
        // One that is closed before it was ever used.
        await redis(options).close();
      }
    `;
    const args = ['--conditions=tenure-source', '--import', 'tsx', '--input-type=module', '-e', program];
    const { stdout } = await run(process.execPath, args, { cwd: import.meta.dirname, timeout: 30_000 });
    expect(stdout).toBe('CLOSED\nCLOSED\nCLOSED\n');
  });
});
