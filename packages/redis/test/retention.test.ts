import { expect, describe, it } from 'vitest';
import { until } from '../../../test/servers/until.ts';
import { granted, keyOf, missing, serverOf, sessionOf, signal, storeOf } from './rig.ts';

const LOCKS = 100_000;
const AT_ONCE = 500;
const retainMs = 1000;

describe.skipIf(missing)('what is kept', () => {
  it('forgets a lock that was released, but not one with a checkpoint, nor one that is held again', async () => {
    const { url, operator } = await serverOf();
    const session = await sessionOf(storeOf({ url, retainMs }));
    const idle = await granted(session, keyOf('idle'));
    const saved = await granted(session, keyOf('saved'));
    await session.save(saved, 'page 7', 1, signal);
    const again = await granted(session, keyOf('again'));
    for (const { key, claimId } of [idle, saved, again]) await session.release(key, claimId, signal);
    await granted(session, keyOf('again'));
    await until('the idle lock is forgotten', async () =>
      (await operator.client.exists('{test}:lock:idle')) === 0 ? true : undefined,
    );
    expect(await operator.client.pttl('{test}:lock:saved')).toBe(-1);
    expect(await operator.client.pttl('{test}:lock:again')).toBe(-1);
    expect((await granted(session, keyOf('saved'))).checkpoint).toBe('page 7');
    expect((await granted(session, keyOf('idle'))).token).toBeGreaterThan(idle.token);
  });

  it('clears away what holders have left that crashed, although nobody claims it again', async () => {
    const { url, operator } = await serverOf();
    const crashed = storeOf({ url, retainMs });
    const session = await sessionOf(crashed, 2000);
    await Promise.all(Array.from({ length: 600 }, (_, i) => granted(session, keyOf(`lost ${i}`))));
    await until('the session has expired', async () =>
      (await operator.client.exists(`{test}:session:${session.id}`)) === 0 ? true : undefined,
    );
    // The next process that comes sweeps.
    await sessionOf(storeOf({ url, retainMs }), 1000);
    await until('nothing is left', async () => ((await operator.client.dbsize()) === 0 ? true : undefined));
  });

  it('leaves nothing of a hundred thousand locks', async () => {
    const { url, operator } = await serverOf();
    const session = await sessionOf(storeOf({ url, retainMs }), 60_000);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < LOCKS) {
        next += 1;
        const { key, claimId } = await granted(session, keyOf(`invoice ${next}`));
        await session.release(key, claimId, signal);
      }
    };
    const first = await granted(session, keyOf('invoice 0'));
    await session.release(first.key, first.claimId, signal);
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await session.close(signal);
    await until('all are forgotten', async () => ((await operator.client.dbsize()) === 0 ? true : undefined));
    const again = await granted(await sessionOf(storeOf({ url })), first.key);
    expect(again.token).toBeGreaterThan(first.token);
  });
});
