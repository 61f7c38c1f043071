import { createTenure } from '@tenure/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, postgres } from '../src/postgres.ts';
import { nonce } from './postgres-candidate.ts';

const available = await serverOrSkip('postgres', { own: true });

describe.skipIf(!available)('PostgreSQL that crashes', () => {
  let server: PostgresServer;
  let url: string;

  beforeAll(async () => {
    server = await startPostgres({ own: true });
    url = server.urls[0]!;
    await migrate({ url });
  });

  afterAll(() => server.stop());

  test('a leader is in jeopardy, and leads on when the server is back in time; its follower still follows', async () => {
    const key = `crash-${nonce()}`;
    const leader = createTenure({ store: postgres({ url }), ttlMs: 15_000 });
    const follower = createTenure({ store: postgres({ url }), ttlMs: 15_000 });
    const term = await leader.lock(key).acquire();
    await term.save({ step: 1 });
    const waiting = follower.lock(key).acquire();
    const jeopardy = new Promise<void>((resolve) => leader.session.once('jeopardy', () => resolve()));
    await server.members[0]!.kill();
    await jeopardy;
    const secure = new Promise<void>((resolve) => leader.session.once('secure', () => resolve()));
    await server.members[0]!.restart();
    await secure;
    expect(term.isCurrent()).toBe(true);
    await term.save({ step: 2 });
    await term.release();
    const next = await waiting;
    expect(next.token).toBeGreaterThan(term.token);
    expect(next.checkpoint).toEqual({ step: 2 });
    await Promise.all([leader.close(), follower.close()]);
  });

  test('a leader whose server stays away has lost its term before its session can have expired', async () => {
    const tenure = createTenure({ store: postgres({ url }), ttlMs: 1500 });
    const term = await tenure.lock(`away-${nonce()}`).acquire();
    server.members[0]!.suspend();
    expect((await term.ended).kind).toBe('lost');
    server.members[0]!.resume();
    await tenure.close();
  });
});
