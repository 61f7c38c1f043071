import { VirtualClock } from '@tenure/conformance/clock';
import { ClaimLostError, Holdings, Parking, watching } from '@tenure/core/store';
import type { Holder, Key, Sight } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';

const key = (name: string): Key => ({ namespace: 'test', name });
const holder = (token: bigint, value = 'v'): Holder => ({ key: 'job', token, value });

describe('holdings', () => {
  const holding = { key: key('job'), claimId: 'c', token: 7n };

  it('tell a loss with every renewal until the claim is released', () => {
    const holdings = new Holdings();
    holdings.granted(holding);
    holdings.judge('c', 'evicted');
    expect(holdings.news).toEqual([{ claimId: 'c', what: 'evicted' }]);
    // Asked to let go, and then taken.
    holdings.judge('c', 'superseded');
    holdings.judge('c', 'held');
    expect(holdings.news).toEqual([{ claimId: 'c', what: 'superseded' }]);
    expect(holdings.all).toEqual([]);
    holdings.released('c');
    expect(holdings.news).toEqual([]);
    expect(holdings.size).toBe(0);
  });

  it('judge nothing that was not granted, and nothing that was released while the store was asked', () => {
    const holdings = new Holdings();
    holdings.judge('c', 'deleted');
    holdings.granted(holding);
    const asked = holdings.all;
    holdings.released('c');
    for (const { claimId } of asked) holdings.judge(claimId, 'deleted');
    expect(holdings.news).toEqual([]);
  });

  it('refuse a claim that was granted and is somebody else’s now, and no other', () => {
    const holdings = new Holdings();
    holdings.refuseLost(key('job'), 'c');
    holdings.granted(holding);
    expect(() => holdings.refuseLost(key('job'), 'c')).toThrow(ClaimLostError);
    expect(holdings.news).toEqual([{ claimId: 'c', what: 'superseded' }]);
  });
});

describe('parking', () => {
  const { signal } = new AbortController();

  it('loses no wake-up between the claim’s answer and its park', async () => {
    const parking = new Parking();
    const ticket = parking.ticket(key('job'), 'c');
    parking.wake(key('job'));
    await ticket.wait(signal);
    expect(parking.keys).toEqual([]);
  });

  it('wakes those of one key, or all', async () => {
    const parking = new Parking();
    const woken: string[] = [];
    const waits = ['a', 'a', 'b'].map(async (name, i) => {
      await parking.ticket(key(name), `c${i}`).wait(signal);
      woken.push(name);
    });
    expect(parking.keys.map(({ name }) => name)).toEqual(['a', 'b']);
    parking.wake(key('a'));
    await Promise.all(waits.slice(0, 2));
    expect(woken).toEqual(['a', 'a']);
    parking.wakeAll();
    await Promise.all(waits);
    expect(parking.keys).toEqual([]);
  });

  it('leaves nothing behind when a park is aborted, and rejects with the reason', async () => {
    const parking = new Parking();
    const leave = new AbortController();
    const parked = parking.ticket(key('job'), 'c').wait(leave.signal);
    const reason = new Error('changed my mind');
    leave.abort(reason);
    await expect(parked).rejects.toBe(reason);
    expect(parking.keys).toEqual([]);
  });

  it('gives a repeated claim a new ticket in place of the old one, with which nobody waits any longer', async () => {
    const parking = new Parking();
    const parked = parking.ticket(key('job'), 'c').wait(signal);
    parking.ticket(key('job'), 'c');
    await parked;
    parking.leave('c');
    expect(parking.keys).toEqual([]);
  });
});

describe('watching', () => {
  async function start(first: Sight) {
    const clock = new VirtualClock();
    const leave = new AbortController();
    const seen: (Holder | undefined)[] = [];
    const world = { sight: first, looks: 0, changed: () => {}, listening: false };
    const over = (async () => {
      const holders = watching({
        clock,
        signal: leave.signal,
        look: async () => {
          world.looks += 1;
          return world.sight;
        },
        listen: (changed) => {
          Object.assign(world, { changed, listening: true });
          return () => (world.listening = false);
        },
      });
      for await (const each of holders) seen.push(each);
    })();
    over.catch(() => {});
    await clock.advance(0);
    return { clock, leave, seen, world, over };
  }

  it('ends when a look is not answered, and lets go of it: nobody is shown the past for ever', async () => {
    const clock = new VirtualClock();
    const looks: AbortSignal[] = [];
    const holders = watching({
      clock,
      signal: new AbortController().signal,
      look: (signal) => {
        looks.push(signal);
        return new Promise(() => {});
      },
      listen: () => () => {},
    });
    const first = holders.next().catch(String);
    await clock.advance(60_000);
    expect(await first).toContain('did not answer');
    expect(looks.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('tells the current state first, and then only what is new', async () => {
    const { clock, seen, world, leave, over } = await start({ holder: undefined });
    expect(seen).toEqual([undefined]);
    world.sight = { holder: holder(1n) };
    world.changed();
    await clock.advance(0);
    world.changed();
    await clock.advance(0);
    world.sight = { holder: holder(2n) };
    world.changed();
    await clock.advance(0);
    expect(seen).toEqual([undefined, holder(1n), holder(2n)]);
    leave.abort(new Error('enough'));
    await expect(over).rejects.toThrow('enough');
    expect(world.listening).toBe(false);
  });

  it('tells a free key again when a term has come and gone between two looks', async () => {
    const { clock, seen, world, leave } = await start({ holder: undefined, lastToken: 1n });
    world.changed();
    await clock.advance(0);
    expect(seen).toEqual([undefined]);
    world.sight = { holder: undefined, lastToken: 2n };
    world.changed();
    await clock.advance(0);
    expect(seen).toEqual([undefined, undefined]);
    leave.abort();
  });

  it('looks again when the holder should have expired, although nobody tells', async () => {
    const { clock, seen, world, leave } = await start({ holder: holder(1n), expiresInMs: 1000 });
    await clock.advance(500);
    expect(world.looks).toBe(1);
    world.sight = { holder: undefined };
    await clock.advance(600);
    expect(seen).toEqual([holder(1n), undefined]);
    await clock.advance(60_000);
    expect(world.looks).toBe(2);
    leave.abort();
    expect(clock.alarms).toBe(0);
  });
});
