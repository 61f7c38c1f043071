import type { TermEnd } from '@tenure/core';
import { startProxy } from '@tenure/conformance/network';
import { NotAppliedError } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { until } from '../../../test/servers/until.ts';
import {
  failure,
  granted,
  keyOf,
  missing,
  recordOf,
  serverOf,
  sessionOf,
  signal,
  storeOf,
  tenureOf,
} from './rig.ts';
import type { Server } from './rig.ts';

const ended = async (term: { readonly ended: Promise<TermEnd> }): Promise<string> => {
  const { kind, reason } = await term.ended;
  return `${kind}: ${reason}`;
};

/** A leader and two who wait live through that; their tokens rise. */
async function survive({ url }: Server, strike: () => Promise<unknown>): Promise<string> {
  const tenures = [tenureOf({ url }), tenureOf({ url }), tenureOf({ url })];
  const first = await tenures[0]!.lock('job').acquire();
  const tokens = [first.token];
  const waiting = tenures.slice(1).map(async (tenure) => {
    const term = await tenure.lock('job').acquire();
    tokens.push(term.token);
    await term.release();
  });
  await tenures[1]!.lock('job').tryAcquire();
  await strike();
  const how = await ended(first);
  await Promise.all(waiting);
  const again = await tenures[0]!.lock('job').acquire();
  tokens.push(again.token);
  expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => (a < b ? -1 : 1)));
  return how;
}

describe.skipIf(missing)('a server in trouble', () => {
  it('that forgets everything ends the term, and all go on with greater tokens', async () => {
    const server = await serverOf();
    expect(await survive(server, () => server.operator.client.flushall())).toBe('lost: session-invalidated');
  });

  it('that comes back empty ends the term, and all go on with greater tokens', async () => {
    const server = await serverOf();
    const how = await survive(server, () => server.members[0]!.restart());
    // The latter if it was away for long.
    expect(['lost: session-invalidated', 'lost: expired']).toContain(how);
  });

  it('that comes back with what it had on disk ends nothing', async () => {
    const server = await serverOf({ appendonly: true, args: ['--appendfsync', 'always'] });
    const tenure = tenureOf({ url: server.url });
    const term = await tenure.lock('job').acquire();
    await server.members[0]!.restart();
    await term.extend();
    expect(term.isCurrent()).toBe(true);
    await term.save('still here');
    await term.release();
    expect((await tenure.lock('job').acquire()).checkpoint).toBe('still here');
  });

  it('that has become a replica is left for the one that took its place, and its word ends nothing', async () => {
    const [old, other] = [await serverOf(), await serverOf()];
    const proxy = await startProxy({ host: '127.0.0.1', port: old.members[0]!.port });
    const session = await sessionOf(storeOf({ url: `redis://127.0.0.1:${proxy.port}` }));
    const term = await granted(session, keyOf('held'));
    await old.operator.client.replicaof('127.0.0.1', other.members[0]!.port);
    // It has thrown away what it had for what the new one has, which is nothing: nobody may take that for an answer.
    await until('it follows', async () => ((await old.operator.client.dbsize()) === 0 ? true : undefined));
    const { connections } = proxy;
    const verbs = [
      () => session.claim(keyOf('job'), recordOf(), signal),
      () => session.renew(signal),
      () => session.save(term, '1', 1, signal),
      () => session.announce(term, recordOf(term.claimId), signal),
    ];
    for (const verb of verbs) {
      const refused = await failure(verb());
      expect(refused).toBeInstanceOf(NotAppliedError);
      expect(String(refused)).toMatch(/READONLY|LOADING/u);
    }
    // Each time on a new connection, which may lead to the other one.
    expect(proxy.connections).toBeGreaterThanOrEqual(connections + verbs.length - 1);
    await proxy.close();
  });

  it('that cuts every connection is asked on new ones, and nothing is lost', async () => {
    const { url, operator } = await serverOf();
    const [holder, waiter] = [tenureOf({ url }), tenureOf({ url })];
    const term = await holder.lock('job').acquire();
    const next = waiter.lock('job').acquire();
    for (const type of ['normal', 'pubsub'] as const) {
      await operator.client.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
      await until('it is renewed', () => term.extend().then(() => true));
    }
    expect(term.isCurrent()).toBe(true);
    await term.release();
    expect((await next).token).toBeGreaterThan(term.token);
  });

  it('that is silent is asked on a new connection, soon enough to keep the term', async () => {
    const { members } = await serverOf();
    const proxy = await startProxy({ host: '127.0.0.1', port: members[0]!.port });
    const tenure = tenureOf({ url: `redis://127.0.0.1:${proxy.port}` });
    const term = await tenure.lock('job').acquire();
    const { connections } = proxy;
    proxy.blackHole();
    const given = failure(term.extend());
    // The one for commands and the one for news.
    await until('a connection was given up', async () =>
      proxy.connections > connections ? true : undefined,
    );
    await proxy.pass();
    await given;
    await term.extend();
    expect(term.isCurrent()).toBe(true);
    await proxy.close();
  });

  it('whose connections hang while they are made is not waited for without end', async () => {
    const { members } = await serverOf();
    const proxy = await startProxy({ host: '127.0.0.1', port: members[0]!.port });
    proxy.blackHole();
    const store = storeOf({ url: `redis://:none@127.0.0.1:${proxy.port}` });
    await until('they were made anew', async () => {
      await failure(store.holder(keyOf('job'), AbortSignal.timeout(200)));
      return proxy.connections > 1 ? true : undefined;
    });
    await proxy.close();
  });
});
