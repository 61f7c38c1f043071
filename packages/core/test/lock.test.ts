import { ClosedError, LockTimeoutError, StoreUnavailableError, TermLostError } from '@tenure/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rig, hang } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

/** The outcome of a promise that needs virtual time to pass. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  await rig.clock.advance(ms);
  return promise;
}

describe('acquire', () => {
  it('waits its turn; two acquisitions of one lock exclude each other', async () => {
    const { tenure } = rig.tenure('a');
    const lock = tenure.lock('job');
    const first = await within(10, lock.acquire());
    const second = lock.acquire();
    const third = lock.acquire();
    await rig.clock.advance(5000);
    await first.release();
    const next = await within(10, second);
    expect(next.token).toBeGreaterThan(first.token);
    await next.release();
    expect((await within(10, third)).token).toBeGreaterThan(next.token);
  });

  it('contends with an election of the same key', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    election.start();
    await rig.clock.advance(10);
    expect(await within(10, tenure.lock('job').tryAcquire())).toBeUndefined();
    await election.stop();
    expect(await within(10, tenure.lock('job').tryAcquire())).toBeDefined();
  });

  it('gives up after waitMs and leaves nothing behind', async () => {
    const { tenure } = rig.tenure('a');
    const { tenure: other } = rig.tenure('b');
    const held = await within(10, tenure.lock('job').acquire());
    const waiting = other.lock('job').acquire({ waitMs: 500 });
    waiting.catch(() => {});
    await rig.clock.advance(520);
    await expect(waiting).rejects.toBeInstanceOf(LockTimeoutError);
    await held.release();
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('takes a free key although there is no time to wait, and says who has it when it is held', async () => {
    const { tenure, line } = rig.tenure('a');
    line.fault = ({ verb }) =>
      verb === 'open' || verb === 'claim' ? { kind: 'late', requestMs: 20, answerMs: 20 } : undefined;
    const lock = tenure.lock('job');
    const term = await within(200, lock.acquire({ waitMs: 0 }));
    expect(term.isCurrent()).toBe(true);
    const second = lock.acquire({ waitMs: 0 });
    await expect(within(200, second)).rejects.toThrow('someone else holds it');
    await expect(second).rejects.toBeInstanceOf(LockTimeoutError);
    expect(
      await within(
        200,
        lock.run(() => 'ran', { waitMs: 0 }).catch(() => 'skipped'),
      ),
    ).toBe('skipped');
  });

  it('says that the store is in trouble when that is why the time ran out', async () => {
    const { tenure, line } = rig.tenure('a');
    line.fault = ({ verb }) => (verb === 'claim' ? hang : undefined);
    const waiting = within(5000, tenure.lock('job').acquire({ waitMs: 1 }));
    await expect(waiting).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      cause: expect.any(StoreUnavailableError),
    });
  });

  it('rejects with the signal’s own reason', async () => {
    const { tenure } = rig.tenure('a');
    const lock = tenure.lock('job');
    await within(10, lock.acquire());
    const stop = new AbortController();
    const waiting = lock.acquire({ signal: stop.signal });
    waiting.catch(() => {});
    await rig.clock.advance(10);
    const reason = new Error('changed my mind');
    stop.abort(reason);
    await rig.clock.advance(10);
    await expect(waiting).rejects.toBe(reason);
    await expect(lock.acquire({ signal: stop.signal })).rejects.toBe(reason);
  });

  it('retries a broken store until waitMs, and says what was broken', async () => {
    const { tenure, line } = rig.tenure('a');
    line.fault = ({ verb }) => (verb === 'open' ? { kind: 'lost' } : undefined);
    const waiting = within(3000, tenure.lock('job').acquire({ waitMs: 2000 }));
    await expect(waiting).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      cause: expect.any(StoreUnavailableError),
    });
    expect(line.calls.length).toBeGreaterThan(3);
    const recovers = tenure.lock('job').acquire({ waitMs: 5000 });
    line.fault = () => undefined;
    expect((await within(3000, recovers)).isCurrent()).toBe(true);
  });

  it('ends with the block that uses it', async () => {
    const { tenure } = rig.tenure('a');
    const lock = tenure.lock('job');
    {
      await using term = await within(10, lock.acquire());
      expect(term.isCurrent()).toBe(true);
    }
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('does not stand again after its term was lost', async () => {
    const { tenure, line } = rig.tenure('a');
    const term = await within(10, tenure.lock('job').acquire());
    line.fault = () => hang;
    await rig.clock.advance(2000);
    line.fault = () => undefined;
    await rig.clock.advance(5000);
    expect(await term.ended).toMatchObject({ kind: 'lost', reason: 'expired' });
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('whose clocks are trusted no more than those of the tenure', async () => {
    const { tenure } = rig.tenure('a', { timing: { drift: 0.1, marginMs: 0 } });
    const term = await within(10, tenure.lock('job').acquire({ ttlMs: 2000, renew: false }));
    // A tenth of it for the drift, and a tenth for the margin, which is its own.
    expect(term.remainingMs()).toBeGreaterThan(1500);
    expect(term.remainingMs()).toBeLessThanOrEqual(1600);
  });

  it('by hand: ends at its TTL unless it is extended, on a session of its own', async () => {
    const { tenure } = rig.tenure('a');
    const lock = tenure.lock('job');
    const term = await within(10, lock.acquire({ ttlMs: 2000, renew: false }));
    await rig.clock.advance(1500);
    await within(10, term.extend());
    await rig.clock.advance(1500);
    expect(term.isCurrent()).toBe(true);
    await rig.clock.advance(400);
    expect(await term.ended).toMatchObject({ kind: 'lost', reason: 'expired' });
    await rig.clock.advance(1000);
    expect(rig.space.sessions()).toEqual([]);
  });

  it('by hand: is kept alive while it waits, and begins its TTL anew right after the grant', async () => {
    const { tenure } = rig.tenure('a');
    const { tenure: other } = rig.tenure('b');
    const held = await within(10, other.lock('job').acquire());
    const waiting = tenure.lock('job').acquire({ ttlMs: 2000, renew: false });
    await rig.clock.advance(9500);
    await held.release();
    const term = await within(10, waiting);
    // All of it but drift, margin and the way to the store, however long it had waited.
    expect(term.remainingMs()).toBeGreaterThan(1700);
    await rig.clock.advance(2000);
    expect(await term.ended).toMatchObject({ kind: 'lost', reason: 'expired' });
  });

  it('by hand: releasing it ends the session that it had for itself', async () => {
    const { tenure } = rig.tenure('a');
    const term = await within(10, tenure.lock('job').acquire({ ttlMs: 2000, renew: false }));
    expect(rig.space.sessions()).toHaveLength(1);
    await within(10, term.release());
    await rig.clock.advance(10);
    expect(rig.space.sessions()).toEqual([]);
    expect(rig.space.keys('tenure')).toEqual([]);
  });
});

describe('tryAcquire', () => {
  it('says undefined when someone else holds it, and leaves no place in the queue', async () => {
    const { tenure } = rig.tenure('a');
    const held = await within(10, tenure.lock('job').acquire());
    expect(await within(10, tenure.lock('job').tryAcquire())).toBeUndefined();
    await held.release();
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it.each(['open', 'claim'] as const)(
    'rejects when %s stays unanswered, and leaves nothing behind',
    async (verb) => {
      const { tenure, line } = rig.tenure('a');
      line.fault = (call) => (call.verb === verb ? { kind: 'hung', applied: true } : undefined);
      await expect(within(2000, tenure.lock('job').tryAcquire())).rejects.toBeInstanceOf(
        StoreUnavailableError,
      );
      line.fault = () => undefined;
      await rig.clock.advance(1000);
      expect(rig.space.keys('tenure')).toEqual([]);
    },
  );
});

describe('run', () => {
  it('returns what the work returns, and rejects with what it throws; the key is free either way', async () => {
    const { tenure } = rig.tenure('a');
    const lock = tenure.lock('job');
    expect(
      await within(
        10,
        lock.run(({ token }) => token),
      ),
    ).toBe(1n);
    await expect(
      within(
        10,
        lock.run(() => Promise.reject(new Error('no'))),
      ),
    ).rejects.toThrow('no');
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('lets one at a time through, in the order in which they came', async () => {
    let inside = 0;
    const order: number[] = [];
    const runs = Array.from({ length: 10 }, (_, i) => {
      const { tenure } = rig.tenure(`t${i}`);
      return tenure.lock('job').run(async () => {
        inside += 1;
        expect(inside).toBe(1);
        order.push(i);
        await rig.passes(50);
        inside -= 1;
      });
    });
    await within(2000, Promise.all(runs));
    expect(order).toHaveLength(10);
  });

  it('passes an abort on to the work, holds until that has settled, and keeps its result', async () => {
    const { tenure } = rig.tenure('a');
    const stop = new AbortController();
    let told = false;
    const ran = tenure.lock('job').run(
      async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        told = true;
        return 'wound down';
      },
      { signal: stop.signal },
    );
    await rig.clock.advance(10);
    stop.abort();
    expect(await within(10, ran)).toBe('wound down');
    expect(told).toBe(true);
  });

  it('tells the work of a signal that aborts at the very moment of the grant', async () => {
    const { tenure } = rig.tenure('a');
    const stop = new AbortController();
    const { signal } = stop;
    const forget = signal.removeEventListener.bind(signal);
    // Waiting for the lock is over, and the work has not begun.
    signal.removeEventListener = (...listener: Parameters<typeof forget>) => {
      forget(...listener);
      stop.abort();
    };
    const ran = tenure.lock('job').run((term) => term.signal.aborted, { signal });
    expect(await within(10, ran)).toBe(true);
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('rejects with the reason of its signal when the work stopped because of it', async () => {
    const { tenure } = rig.tenure('a');
    const stop = new AbortController();
    const ran = tenure.lock('job').run(
      async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        signal.throwIfAborted();
      },
      { signal: stop.signal },
    );
    ran.catch(() => {});
    await rig.clock.advance(10);
    const reason = new Error('deploy');
    stop.abort(reason);
    await rig.clock.advance(10);
    await expect(ran).rejects.toBe(reason);
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('rejects with TermLostError whose cause is what the work threw', async () => {
    const { tenure, line } = rig.tenure('a');
    let fail!: (error: Error) => void;
    const ran = tenure.lock('job').run(() => new Promise((_, reject) => (fail = reject)));
    ran.catch(() => {});
    await rig.clock.advance(10);
    line.fault = () => hang;
    await rig.clock.advance(1000);
    fail(new Error('half done'));
    await rig.clock.advance(10);
    await expect(ran).rejects.toBeInstanceOf(TermLostError);
    await expect(ran).rejects.toMatchObject({ cause: { message: 'half done' } });
  });
});

describe('a closed tenure', () => {
  it('rejects those who wait, and everybody who comes later', async () => {
    const { tenure } = rig.tenure('a');
    const lock = tenure.lock('job');
    await within(10, lock.acquire());
    const waiting = lock.acquire();
    waiting.catch(() => {});
    await rig.clock.advance(10);
    await within(100, tenure.close());
    await expect(waiting).rejects.toBeInstanceOf(ClosedError);
    await expect(lock.acquire()).rejects.toBeInstanceOf(ClosedError);
    expect(() => tenure.election('x')).toThrow(ClosedError);
    await expect(tenure.leaders()).rejects.toBeInstanceOf(ClosedError);
  });
});
