import { startProxy } from '@tenure/conformance/network';
import { describe, expect, it } from 'vitest';
import { until } from '../../../test/servers/until.ts';
import { deaf, Line } from './deaf.ts';
import {
  failure,
  granted,
  held,
  keyOf,
  missing,
  serverOf,
  sessionOf,
  signal,
  storeOf,
  tenureOf,
} from './rig.ts';
import type { Server } from './rig.ts';

const subscribers = ({ operator }: Server, channel: string): Promise<number> =>
  operator.client.pubsub('NUMSUB', channel).then(([, count]) => Number(count));

/** By so many sessions, each on a channel of its own and on that of all. */
const heard = (server: Server, count: number): Promise<true> =>
  until('the news are heard', async () => {
    const own = (await server.operator.client.pubsub('CHANNELS', '{test}:session:*')) as string[];
    return own.length === count && (await subscribers(server, '{test}:news')) === count ? true : undefined;
  });

const observed = (server: Server): Promise<true> =>
  until('changes are heard', async () =>
    (await subscribers(server, '{test}:changes')) === 1 ? true : undefined,
  );

const cutNews = ({ operator }: Server): Promise<unknown> =>
  operator.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');

describe.skipIf(missing)('news', () => {
  it('that are not heard any more wake who waits, and are heard again after the next verb', async () => {
    const server = await serverOf();
    const [holder, waiter] = [storeOf({ url: server.url }), storeOf({ url: server.url })];
    const [first, second] = [await sessionOf(holder), await sessionOf(waiter)];
    const { claimId } = await granted(first, keyOf('job'));
    await heard(server, 2);
    const place = await held(second, keyOf('job'));
    const parked = second.park(place, signal);
    await cutNews(server);
    await parked;
    const again = await held(second, keyOf('job'), place.claimId);
    await first.renew(signal);
    await heard(server, 2);
    const parkedAgain = second.park(again, signal);
    await first.release(keyOf('job'), claimId, signal);
    await parkedAgain;
    await granted(second, keyOf('job'), again.claimId);
  });

  it('whose connection brings nothing any more are found out when who waits is asked about', async () => {
    const server = await serverOf();
    const line = await Line.to(server.members[0]!.port);
    const [first, second] = [
      await sessionOf(storeOf({ url: server.url })),
      await sessionOf(storeOf({ url: line.url }), 2000),
    ];
    const { claimId } = await granted(first, keyOf('job'));
    const waiting = await held(second, keyOf('job'));
    await heard(server, 2);
    const ask = (): Promise<unknown> => second.recheck!([waiting], AbortSignal.timeout(300));
    expect(await ask()).toMatchObject([{ claimId: waiting.claimId, holder: { token: expect.any(BigInt) } }]);
    line.deafen();
    let woken = false;
    void second.park(waiting, signal).then(() => (woken = true));
    // The holder lives and holds the lock, and yet nobody may rely on being woken.
    await until('it is found out', async () => {
      await second.renew(signal);
      return (await failure(ask())) === undefined ? undefined : true;
    });
    await first.release(keyOf('job'), claimId, signal);
    await until('somebody tells', async () => {
      await second.renew(signal);
      const isToldToAsk = await ask().then(
        (answers) => (answers as readonly unknown[])[0] === undefined,
        () => false,
      );
      return woken || isToldToAsk ? true : undefined;
    });
    await granted(second, keyOf('job'), waiting.claimId);
  });

  it('that cannot be had hold up no verb, and who waits looks now and then', async () => {
    const server = await serverOf();
    const proxy = await startProxy({ host: '127.0.0.1', port: server.members[0]!.port });
    const store = storeOf({ url: `redis://127.0.0.1:${proxy.port}` });
    const other = await sessionOf(storeOf({ url: server.url }));
    const session = await sessionOf(store);
    await heard(server, 2);
    // From now on the server takes no one else, and this one hears nothing.
    const { length } = String(await server.operator.client.client('LIST'))
      .trim()
      .split('\n');
    await server.operator.client.config('SET', 'maxclients', String(length - 2));
    await cutNews(server);
    await until('it was tried again', async () => {
      await session.renew(signal);
      return proxy.connections > 2 ? true : undefined;
    });
    await heard(server, 0);
    const { claimId } = await granted(other, keyOf('job'));
    const place = await held(session, keyOf('job'));
    const parked = session.park(place, signal);
    await other.release(keyOf('job'), claimId, signal);
    await parked;
    await granted(session, keyOf('job'), place.claimId);
    await proxy.close();
  });

  it('reach an observer again whose connection for them was cut while nobody held the lock', async () => {
    const server = await serverOf();
    const store = storeOf({ url: server.url });
    const session = await sessionOf(storeOf({ url: server.url }));
    await heard(server, 1);
    const sights = store.watch(keyOf('job'), signal)[Symbol.asyncIterator]();
    expect((await sights.next()).value).toBeUndefined();
    await observed(server);
    await cutNews(server);
    const next = sights.next();
    const { token } = await granted(session, keyOf('job'));
    expect(await next).toMatchObject({ value: { token } });
    await sights.return?.();
  });

  it('are not needed to learn of an eviction: the next renewal tells', async () => {
    const { url } = await serverOf();
    const session = await sessionOf(deaf(storeOf({ url })));
    const operator = storeOf({ url });
    for (const force of [false, true]) {
      const { claimId, token } = await granted(session, keyOf('job'));
      expect((await session.renew(signal)).news).toEqual([]);
      expect(await operator.evict(keyOf('job'), token, { force }, signal)).toBe(true);
      const news = [{ claimId, what: force ? 'forced' : 'evicted' }];
      expect((await session.renew(signal)).news).toEqual(news);
      // And again, until it has let go.
      expect((await session.renew(signal)).news).toEqual(news);
      await session.release(keyOf('job'), claimId, signal);
      expect((await session.renew(signal)).news).toEqual([]);
    }
  });

  it('are not needed to learn of a lock that somebody deleted or took: within a TTL a renewal tells', async () => {
    const { url, operator } = await serverOf();
    const session = await sessionOf(deaf(storeOf({ url })));
    const deleted = await granted(session, keyOf('deleted'));
    const taken = await granted(session, keyOf('taken'));
    await operator.client.del('{test}:lock:deleted', '{test}:lock:taken');
    await granted(await sessionOf(storeOf({ url })), keyOf('taken'));
    await session.renew(signal);
    await session.renew(signal);
    expect((await session.renew(signal)).news).toEqual([
      { claimId: deleted.claimId, what: 'deleted' },
      { claimId: taken.claimId, what: 'superseded' },
    ]);
  });

  it('end a term whose lock an operator deletes, through the public API', async () => {
    const { url, operator } = await serverOf();
    const term = await tenureOf({ url }, { ttlMs: 3000 }).lock('job').acquire();
    await operator.client.del('{test}:lock:job');
    expect(await term.ended).toMatchObject({ kind: 'lost', reason: 'key-deleted' });
  });
});
