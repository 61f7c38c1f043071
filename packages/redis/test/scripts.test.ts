import { ClaimLostError } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import {
  granted,
  held,
  keyOf,
  missing,
  recordOf,
  serverOf,
  sessionOf,
  signal,
  storeOf,
  tenureOf,
} from './rig.ts';

const LOCK = '{test}:lock:job';

describe.skipIf(missing)('scripts', () => {
  it('are sent again to a server that has forgotten them, while somebody holds and somebody waits', async () => {
    const { url, operator } = await serverOf();
    const [holder, waiter] = [tenureOf({ url }), tenureOf({ url })];
    const first = await holder.lock('job').acquire();
    const next = waiter.lock('job').acquire();
    await waiter.lock('job').tryAcquire();
    await operator.client.script('FLUSH');
    await first.extend();
    await operator.client.script('FLUSH');
    await first.save({ page: 1 });
    await operator.client.script('FLUSH');
    await first.release();
    const second = await next;
    expect(second.token).toBeGreaterThan(first.token);
    expect(second.checkpoint).toEqual({ page: 1 });
    expect((await first.ended).kind).toBe('released');
  });

  it('give a greater token after the lock was deleted, after FLUSHALL, and when the clock has been set back', async () => {
    const { url, operator } = await serverOf();
    const store = storeOf({ url });
    const before = await granted(await sessionOf(store), keyOf('job'));
    await operator.client.del(LOCK);
    const after = await granted(await sessionOf(store), keyOf('job'));
    expect(after.token).toBeGreaterThan(before.token);
    await operator.client.flushall();
    const anew = await granted(await sessionOf(store), keyOf('job'));
    expect(anew.token).toBeGreaterThan(after.token);
    // As a server would have written it whose clock was a century ahead.
    const ahead = anew.token + 3_155_760_000_000_000n;
    await operator.client.del(LOCK);
    await operator.client.hset(LOCK, 'token', String(ahead));
    const late = await granted(await sessionOf(store), keyOf('job'));
    expect(late.token).toBe(ahead + 1n);
  });

  it('count on exactly where a double has no room for a one', async () => {
    const { url, operator } = await serverOf();
    const store = storeOf({ url });
    for (const token of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n]) {
      await operator.client.hset(LOCK, 'token', String(token));
      const session = await sessionOf(store);
      const { claimId, token: next } = await granted(session, keyOf('job'));
      expect(next).toBe(token + 1n);
      await session.release(keyOf('job'), claimId, signal);
    }
  });

  it('grant nothing anew to a claim that was taken away, whether somebody else holds the key or nobody does', async () => {
    const { url } = await serverOf();
    const store = storeOf({ url });
    for (const name of ['free', 'held']) {
      const session = await sessionOf(store);
      const { claimId, token } = await granted(session, keyOf(name));
      await store.evict(keyOf(name), token, { force: true }, signal);
      if (name === 'held') await granted(await sessionOf(store), keyOf(name));
      await expect(session.claim(keyOf(name), recordOf(claimId), signal)).rejects.toThrow(ClaimLostError);
    }
  });

  it('go by the session of the holder, not by what stands in the lock', async () => {
    const { url, operator } = await serverOf();
    const store = storeOf({ url });
    const session = await sessionOf(store);
    const first = await granted(session, keyOf('job'));
    const waiter = await sessionOf(store);
    const { claimId } = await held(waiter, keyOf('job'));
    await operator.client.del(`{test}:session:${session.id}`);
    const second = await granted(waiter, keyOf('job'), claimId);
    // Late words of the first one touch nothing of the second.
    await session.release(keyOf('job'), first.claimId, signal);
    expect((await store.holder(keyOf('job'), signal))?.token).toBe(second.token);
    await expect(session.renew(signal)).rejects.toThrow(/is over/u);
    await expect(session.claim(keyOf('other'), recordOf(), signal)).rejects.toThrow(/is over/u);
  });

  it('save for the term that holds the lock only, also for the same claim under an older token', async () => {
    const { url } = await serverOf();
    const session = await sessionOf(storeOf({ url }));
    const term = await granted(session, keyOf('job'));
    await session.save(term, 'kept', 1, signal);
    await expect(session.save({ ...term, token: term.token - 1n }, 'late', 2, signal)).rejects.toThrow(
      ClaimLostError,
    );
    await session.release(keyOf('job'), term.claimId, signal);
    expect((await granted(session, keyOf('job'))).checkpoint).toBe('kept');
  });

  it('leave an expiry alone that a renewal has not reached', async () => {
    const { url } = await serverOf();
    const session = await sessionOf(storeOf({ url }), 5000);
    const client = new Redis(url);
    const before = await client.pttl(`{test}:session:${session.id}`);
    const { token } = await granted(session, keyOf('job'));
    await storeOf({ url }).evict(keyOf('job'), token, { force: false }, signal);
    // A counter that moves must not make the session live for ever.
    expect(await client.pttl(`{test}:session:${session.id}`)).toSatisfy((ms) => ms > 0 && ms <= before);
    client.disconnect();
  });
});
