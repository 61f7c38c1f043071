import { setMaxListeners } from 'node:events';
import type { Held } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { until } from '../../../test/servers/until.ts';
import { granted, held, keyOf, missing, serverOf, sessionOf, signal, storeOf } from './rig.ts';
import { Operator } from './support.ts';

const LOCKS = 1000;
const RENEWALS = 30;
const RENEWALS_PER_LOOK = 3;
const LOCKS_PER_LOOK = 500;

async function commands({ client }: Operator): Promise<number> {
  const stats = await client.info('commandstats');
  return ['evalsha', 'eval'].reduce(
    (sum, name) => sum + Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`, 'u').exec(stats)?.[1] ?? 0),
    0,
  );
}

/** But for our own. */
async function connections({ client }: Operator): Promise<number> {
  const all = String(await client.client('LIST'))
    .trim()
    .split('\n');
  return all.length - 1;
}

describe.skipIf(missing)('what it costs', () => {
  it('is one command a renewal, whatever is held, and once a TTL a look at it; two connections', async () => {
    const { url, operator } = await serverOf();
    const session = await sessionOf(storeOf({ url }));
    const claim = (i: number) => granted(session, keyOf(`job ${i}`));
    await Promise.all(Array.from({ length: LOCKS }, (_, i) => claim(i)));
    const before = await commands(operator);
    for (let i = 0; i < RENEWALS; i += 1) await session.renew(signal);
    const looks = (RENEWALS / RENEWALS_PER_LOOK) * (LOCKS / LOCKS_PER_LOOK);
    // What was not known to the server yet is sent twice.
    expect((await commands(operator)) - before).toBeLessThanOrEqual(RENEWALS + looks + 2);
    expect(await connections(operator)).toBe(2);
  });

  it('is one command to claim, to release, to save and to announce, and nothing while waiting', async () => {
    const { url, operator } = await serverOf();
    const [session, waiter] = [await sessionOf(storeOf({ url })), await sessionOf(storeOf({ url }))];
    const cost = async (work: () => Promise<unknown>): Promise<number> => {
      await work();
      const before = await commands(operator);
      await work();
      return (await commands(operator)) - before;
    };
    await session.renew(signal);
    const term = await granted(session, keyOf('job'));
    let sequence = 0;
    expect(await cost(() => held(waiter, keyOf('job')))).toBe(1);
    expect(await cost(() => session.save(term, 'x', (sequence += 1), signal))).toBe(1);
    expect(
      await cost(async () => {
        const { key, claimId } = await granted(session, keyOf('other'));
        await session.release(key, claimId, signal);
      }),
    ).toBe(2);
    const parked = new AbortController();
    setMaxListeners(0, parked.signal);
    const places = await Promise.all(Array.from({ length: 100 }, () => held(waiter, keyOf('job'))));
    const parking = places.map((place) => waiter.park(place, parked.signal).catch(() => 'over'));
    const before = await commands(operator);
    await session.renew(signal);
    expect((await commands(operator)) - before).toBe(1);
    parked.abort();
    expect(new Set(await Promise.all(parking))).toEqual(new Set(['over']));
  });

  it('is one command to hear that ten thousand may wait on, and one for some hundred when a lock has passed on', async () => {
    const { url, operator } = await serverOf();
    const [holder, waiter] = [await sessionOf(storeOf({ url })), await sessionOf(storeOf({ url }))];
    const other = await sessionOf(storeOf({ url }));
    const keys = Array.from({ length: 10_000 }, (_, i) => keyOf(`job ${i}`));
    const holds = await Promise.all(keys.map((key) => granted(holder, key)));
    const places = await Promise.all(keys.map((key) => held(waiter, key)));
    const recheck = async () => waiter.recheck!(places, signal);
    const cost = async (): Promise<number> => {
      const before = await commands(operator);
      await recheck();
      return (await commands(operator)) - before;
    };
    await until('all may wait', async () => ((await recheck()).every(Boolean) ? true : undefined));
    expect(await cost()).toBe(1);
    const last = holds.at(-1)!;
    await holder.release(last.key, last.claimId, signal);
    await waiter.release(last.key, places.at(-1)!.claimId, signal);
    await granted(other, last.key);
    const answers = await recheck();
    expect(answers.map((answer) => answer !== undefined)).toEqual(keys.map((key) => key !== last.key));
    const mayWait = answers.slice(0, -1) as Held[];
    const before = await commands(operator);
    expect((await waiter.recheck!(mayWait, signal)).every(Boolean)).toBe(true);
    expect((await commands(operator)) - before).toBe(1);
  });

  it('is few calls within the scripts, and no message to anybody, where nobody waits or looks on', async () => {
    const { url, operator } = await serverOf();
    const session = await sessionOf(storeOf({ url }));
    const turn = async (name: string): Promise<void> => {
      const { key, claimId } = await granted(session, keyOf(name));
      await session.release(key, claimId, signal);
    };
    await turn('first');
    await session.renew(signal);
    await operator.client.config('RESETSTAT');
    for (let i = 0; i < 100; i += 1) await turn(`fresh ${i}`);
    const stats = await operator.client.info('commandstats');
    const calls = [...stats.matchAll(/cmdstat_(\w+)\S*:calls=(\d+)/gu)].filter(([, name]) =>
      /^(?!evalsha|config|info)/u.test(name!),
    );
    // What a claim and a release need, of which none waits: eleven.
    expect(calls.reduce((sum, [, , count]) => sum + Number(count), 0)).toBeLessThanOrEqual(1100 + 20);
    expect(await operator.client.pubsub('NUMSUB', '{test}:changes')).toEqual(['{test}:changes', 0]);
  });

  it('is one write for what is sent at once', async () => {
    const { url, operator } = await serverOf();
    const session = await sessionOf(storeOf({ url }));
    await granted(session, keyOf('first'));
    const reads = async (): Promise<number> =>
      Number(/total_reads_processed:(\d+)/u.exec(await operator.client.info('stats'))?.[1]);
    const before = await reads();
    await Promise.all(Array.from({ length: 50 }, (_, i) => granted(session, keyOf(`at once ${i}`))));
    // The server reads 16 KiB at a time.
    expect((await reads()) - before).toBeLessThanOrEqual(10);
  });

  it('is a few connections to each server of a Cluster, whatever is held', async () => {
    const { urls } = await serverOf({ cluster: true });
    const store = storeOf({ url: `redis://${urls.map((url) => url.replace('redis://', '')).join(',')}` });
    const operators = urls.map((url) => new Operator(url));
    for (const { client } of operators) await client.ping();
    const count = async (): Promise<number[]> =>
      Promise.all(
        operators.map(async ({ client }) => {
          const all = String(await client.client('LIST'))
            .trim()
            .split('\n');
          return all.filter((line) => !line.includes('cmd=client')).length;
        }),
      );
    const before = await count();
    for (const namespace of ['a', 'b', 'c', 'd']) {
      const session = await sessionOf(store, 60_000, namespace);
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => granted(session, keyOf(`job ${i}`, namespace))),
      );
    }
    for (const [i, now] of (await count()).entries()) expect(now - before[i]!).toBeLessThanOrEqual(4);
    for (const operator of operators) operator.close();
  });
});
