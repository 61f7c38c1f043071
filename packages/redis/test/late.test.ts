import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failure, granted, keyOf, missing, recordOf, serverOf, sessionOf, signal, storeOf } from './rig.ts';

/** Keeps what comes on connections that are there when it is told to, and delivers it when those who sent it are gone. */
class Straggler {
  readonly #pairs = new Set<{ readonly server: Socket; held?: Buffer[] }>();
  readonly #listener;

  constructor(port: number) {
    this.#listener = createServer((client) => {
      const pair: { readonly server: Socket; held?: Buffer[] } = { server: connect(port, '127.0.0.1') };
      this.#pairs.add(pair);
      client.on('data', (chunk: Buffer) => (pair.held ? pair.held.push(chunk) : pair.server.write(chunk)));
      pair.server.on('data', (chunk) => client.writable && client.write(chunk));
      client.on('error', () => {});
      pair.server.on('error', () => {});
    });
    onTestFinished(() => {
      this.#listener.close();
      for (const { server } of this.#pairs) server.destroy();
    });
  }

  async listen(): Promise<string> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    return `redis://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  hold(): void {
    for (const pair of this.#pairs) pair.held ??= [];
  }

  /** Resolves when the server has answered. */
  async deliver(): Promise<void> {
    const pairs = [...this.#pairs].filter(({ held }) => held && held.length > 0);
    await Promise.all(
      pairs.map(async ({ server, held }) => {
        const answered = new Promise((resolve) => server.once('data', resolve));
        for (const chunk of held ?? []) server.write(chunk);
        await answered;
      }),
    );
  }
}

describe.skipIf(missing)('a claim that was given up and comes late', () => {
  it('by a connection that was given up too, is not granted any more', async () => {
    const { members, operator } = await serverOf();
    const straggler = new Straggler(members[0]!.port);
    const store = storeOf({ url: await straggler.listen() });
    const session = await sessionOf(store);
    // So that the server knows the script.
    const before = await granted(session, keyOf('job'));
    await session.release(keyOf('job'), before.claimId, signal);
    straggler.hold();
    const { claimId } = recordOf();
    const silence = AbortSignal.timeout(600);
    expect(await failure(session.claim(keyOf('job'), recordOf(claimId), silence))).toBe(silence.reason);
    await session.release(keyOf('job'), claimId, signal);
    await straggler.deliver();
    expect(await operator.client.hget('{test}:lock:job', 'session')).toBeNull();
    // The session lives, and its next claim is another one.
    await session.renew(signal);
    expect((await granted(session, keyOf('job'))).token).toBeGreaterThan(before.token);
  });

  it('is granted as ever when it was asked again instead', async () => {
    const { members, operator } = await serverOf();
    const straggler = new Straggler(members[0]!.port);
    const store = storeOf({ url: await straggler.listen() });
    const session = await sessionOf(store);
    const before = await granted(session, keyOf('job'));
    await session.release(keyOf('job'), before.claimId, signal);
    straggler.hold();
    const { claimId } = recordOf();
    await failure(session.claim(keyOf('job'), recordOf(claimId), AbortSignal.timeout(600)));
    const term = await granted(session, keyOf('job'), claimId);
    await straggler.deliver();
    expect((await store.holder(keyOf('job'), signal))?.token).toBe(term.token);
    await session.release(keyOf('job'), claimId, signal);
    expect(await operator.client.hget('{test}:lock:job', 'session')).toBeNull();
  });
});
