import type { Held, StoreSession } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { until } from '../../../test/servers/until.ts';
import {
  failure,
  granted,
  held,
  keyOf,
  missing,
  recordOf,
  serverOf,
  sessionOf,
  signal,
  storeOf,
} from './rig.ts';
import type { Server } from './rig.ts';

const QUEUE = '{test}:queue:job';

interface Waiter {
  readonly session: StoreSession;
  readonly place: Held;
  readonly isWoken: () => boolean;
  readonly woken: Promise<void>;
}

/** In the order in which they are asked for, each on connections of its own, and all are heard by then. */
async function waiterOf(server: Server): Promise<Waiter> {
  const session = await sessionOf(storeOf({ url: server.url }));
  const own = `{test}:session:${session.id}`;
  await until('its channel is heard', async () =>
    Number((await server.operator.client.pubsub('NUMSUB', own))[1]) === 1 ? true : undefined,
  );
  // What was asked before the news were heard is woken for nothing.
  for (let i = 0; i < 2; i += 1) await session.renew(signal);
  const place = await held(session, keyOf('job'));
  let isWoken = false;
  const woken = session.park(place, signal).then(() => void (isWoken = true));
  return { session, place, woken, isWoken: () => isWoken };
}

const claimAgain = ({ session, place }: Waiter): ReturnType<StoreSession['claim']> =>
  session.claim(keyOf('job'), recordOf(place.claimId), signal);

/** When whatever a release has told has been heard. */
const settled = async (waiters: readonly Waiter[]): Promise<void> => {
  for (const { session } of waiters) await session.renew(signal);
};

describe.skipIf(missing)('a queue', () => {
  it('has a release wake the first alone, who is granted the lock, and nobody else is before', async () => {
    const server = await serverOf();
    const holder = await sessionOf(storeOf({ url: server.url }));
    const { claimId } = await granted(holder, keyOf('job'));
    const [first, second, third] = [await waiterOf(server), await waiterOf(server), await waiterOf(server)];
    await holder.release(keyOf('job'), claimId, signal);
    await first.woken;
    const newcomer = await sessionOf(storeOf({ url: server.url }));
    const refused = await held(newcomer, keyOf('job'));
    expect(refused.holder).toBeUndefined();
    expect(refused.retryInMs).toBeLessThanOrEqual(251);
    expect(await claimAgain(first)).toMatchObject({ outcome: 'granted' });
    await settled([second, third]);
    expect([second.isWoken(), third.isWoken()]).toEqual([false, false]);
    expect(await server.operator.client.zcard(QUEUE)).toBe(3);
  });

  it('passes over who is gone: whose session is over, and whom no message reaches', async () => {
    const server = await serverOf();
    const holder = await sessionOf(storeOf({ url: server.url }));
    const { claimId } = await granted(holder, keyOf('job'));
    const [dead, deaf, third] = [await waiterOf(server), await waiterOf(server), await waiterOf(server)];
    await server.operator.client.del(`{test}:session:${dead.session.id}`);
    await deafen(server, `{test}:session:${deaf.session.id}`);
    await holder.release(keyOf('job'), claimId, signal);
    await third.woken;
    expect(await claimAgain(third)).toMatchObject({ outcome: 'granted' });
    expect(await server.operator.client.exists(QUEUE)).toBe(0);
  });

  it('keeps nobody out for long when who was woken does not come: the second is told to ask', async () => {
    const server = await serverOf();
    const holder = await sessionOf(storeOf({ url: server.url }));
    const { claimId } = await granted(holder, keyOf('job'));
    const [first, second] = [await waiterOf(server), await waiterOf(server)];
    // It has waited for long.
    await server.operator.client.zadd(
      QUEUE,
      'XX',
      1,
      `${first.place.claimId} {test}:session:${first.session.id}`,
    );
    await holder.release(keyOf('job'), claimId, signal);
    await second.woken;
    expect(await claimAgain(second)).toMatchObject({ outcome: 'granted' });
    // Who comes late waits again, behind.
    expect(await claimAgain(first)).toMatchObject({ outcome: 'held', holder: { key: 'job' } });
  });

  it('lets whoever asks have a lock when nobody was told in time', async () => {
    const server = await serverOf();
    const holder = await sessionOf(storeOf({ url: server.url }));
    const { claimId } = await granted(holder, keyOf('job'));
    const first = await waiterOf(server);
    await holder.release(keyOf('job'), claimId, signal);
    await first.woken;
    const newcomer = await sessionOf(storeOf({ url: server.url }));
    const mine = recordOf();
    await until('it is granted', async () =>
      (await newcomer.claim(keyOf('job'), mine, signal)).outcome === 'granted' ? true : undefined,
    );
  });

  it('has who was woken and gives up pass its turn on', async () => {
    const server = await serverOf();
    const holder = await sessionOf(storeOf({ url: server.url }));
    const { claimId } = await granted(holder, keyOf('job'));
    const [first, second] = [await waiterOf(server), await waiterOf(server)];
    await holder.release(keyOf('job'), claimId, signal);
    await first.woken;
    await first.session.release(keyOf('job'), first.place.claimId, signal);
    await second.woken;
    expect(await claimAgain(second)).toMatchObject({ outcome: 'granted' });
    expect(await server.operator.client.exists(QUEUE)).toBe(0);
  });

  it('is gone with those who stood in it, also when they crash', async () => {
    const server = await serverOf();
    const holder = await sessionOf(storeOf({ url: server.url, retainMs: 1000 }));
    await granted(holder, keyOf('job'));
    const waiters = [await waiterOf(server), await waiterOf(server)];
    for (const { session } of waiters) await server.operator.client.del(`{test}:session:${session.id}`);
    await server.operator.client.del(`{test}:session:${holder.id}`);
    // Whoever comes next sweeps.
    const next = await sessionOf(storeOf({ url: server.url, retainMs: 1000 }));
    await until('nothing is left of it', async () =>
      (await server.operator.client.keys('*')).join() === `{test}:session:${next.id}` ? true : undefined,
    );
  });

  it('tells those who wait of a lock that a person deleted, when its holder lets go of it', async () => {
    const server = await serverOf();
    const holder = await sessionOf(storeOf({ url: server.url }));
    const { claimId } = await granted(holder, keyOf('job'));
    const first = await waiterOf(server);
    await server.operator.client.del('{test}:lock:job');
    await holder.release(keyOf('job'), claimId, signal);
    await first.woken;
    expect(await claimAgain(first)).toMatchObject({ outcome: 'granted' });
    expect(await failure(holder.renew(signal))).toBeUndefined();
  });
});

/** Cuts the connections for news, oldest first, until nobody hears that channel. */
async function deafen({ operator }: Server, channel: string): Promise<void> {
  const lines = String(await operator.client.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))
    .trim()
    .split('\n');
  for (const line of lines) {
    await operator.client.call('CLIENT', 'KILL', 'ID', /\bid=(\d+)/u.exec(line)![1]!);
    if (Number((await operator.client.pubsub('NUMSUB', channel))[1]) === 0) return;
  }
  throw new Error(`somebody still hears ${channel}`);
}
