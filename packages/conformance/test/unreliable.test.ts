import { later, StoreUnavailableError } from '@tenure/core/store';
import { memory } from '@tenure/core/memory';
import { expect, it } from 'vitest';
import { VirtualClock } from '@tenure/conformance/clock';
import { unreliable } from '@tenure/conformance/network';
import type { Fault } from '@tenure/conformance/network';

const key = { namespace: 'test', name: 'job' };
const record = { id: 'a', claimId: 'c1', acquiredAt: '2030-01-01T00:00:00.000Z' };
const request = { id: '00', ttlMs: 10_000, name: 'test', namespace: 'test' };
const { signal } = new AbortController();

async function setUp() {
  const clock = new VirtualClock();
  const real = memory({ clock });
  const network: { fault: Fault | undefined; deaf: boolean } = { fault: undefined, deaf: false };
  const store = unreliable(real, { clock, fault: () => network.fault, deaf: () => network.deaf });
  const session = await store.open(request, signal);
  return { clock, real, network, store, session };
}

it('loses a request: the store never hears of it', async () => {
  const { real, network, session } = await setUp();
  network.fault = { kind: 'lost' };
  await expect(session.claim(key, record, signal)).rejects.toBeInstanceOf(StoreUnavailableError);
  expect(await real.holder(key, signal)).toBeUndefined();
});

it('loses an answer: the store has done it', async () => {
  const { real, network, session } = await setUp();
  network.fault = { kind: 'unanswered' };
  await expect(session.claim(key, record, signal)).rejects.toBeInstanceOf(StoreUnavailableError);
  expect(await real.holder(key, signal)).toBeDefined();
});

it('hangs until the signal aborts, with its reason', async () => {
  const { real, network, session } = await setUp();
  for (const applied of [false, true]) {
    network.fault = { kind: 'hung', applied };
    const leave = new AbortController();
    const claim = session.claim(key, record, leave.signal);
    const reason = new Error('enough');
    leave.abort(reason);
    await expect(claim).rejects.toBe(reason);
    expect((await real.holder(key, signal)) !== undefined).toBe(applied);
  }
});

it('delivers late, also what the caller has given up', async () => {
  const { clock, real, network, session } = await setUp();
  network.fault = { kind: 'late', requestMs: 100, answerMs: 100 };
  const leave = new AbortController();
  const claim = session.claim(key, record, leave.signal);
  await clock.advance(50);
  leave.abort(new Error('enough'));
  await expect(claim).rejects.toThrow('enough');
  expect(await real.holder(key, signal)).toBeUndefined();
  await clock.advance(50);
  expect(await real.holder(key, signal)).toBeDefined();
});

it('delivers twice: the second comes late, and nobody waits for it', async () => {
  const { clock, real, network, session } = await setUp();
  network.fault = { kind: 'twice', requestMs: 10, answerMs: 10, againMs: 100 };
  const claim = session.claim(key, record, signal);
  await clock.advance(20);
  expect(await claim).toMatchObject({ outcome: 'granted' });
  network.fault = undefined;
  await session.release(key, record.claimId, signal);
  await clock.advance(89);
  expect(await real.holder(key, signal)).toBeUndefined();
  await clock.advance(1);
  expect(await real.holder(key, signal)).toBeDefined();
});

it('carries what was sent to the store although the machine stops, and tells it when it runs again', async () => {
  const clock = new VirtualClock();
  const machine = clock.view();
  const real = memory({ clock });
  const store = unreliable(real, {
    clock: machine,
    wire: clock,
    fault: () => ({ kind: 'late', requestMs: 10, answerMs: 10 }),
    noticeMs: () => 5,
  });
  const opening = store.open(request, signal);
  await clock.advance(20);
  const session = await opening;
  let isAnswered = false;
  let hints = 0;
  session.taken(() => (hints += 1));
  const claim = session.claim(key, record, signal).then(() => (isAnswered = true));
  machine.freeze('stall');
  await clock.advance(50);
  const holder = await real.holder(key, signal);
  if (!holder) throw new Error('the claim did not arrive');
  await real.evict(key, holder.token, { force: false }, signal);
  await clock.advance(50);
  expect({ isAnswered, hints }).toEqual({ isAnswered: false, hints: 0 });
  machine.thaw();
  await clock.advance(0);
  await claim;
  expect({ isAnswered, hints }).toEqual({ isAnswered: true, hints: 1 });
});

it('drops hints, the end of a session and wake-ups while it is deaf', async () => {
  const { clock, real, network, session } = await setUp();
  let hints = 0;
  session.taken(() => (hints += 1));
  const granted = await session.claim(key, record, signal);
  if (granted.outcome === 'held') throw new Error('held');
  const held = await session.claim(key, { ...record, claimId: 'c2' }, signal);
  if (held.outcome === 'granted') throw new Error('granted');
  network.deaf = true;
  let woken = false;
  const leave = new AbortController();
  const park = session.park(held, leave.signal).then(() => (woken = true));
  await real.evict(key, granted.token, { force: false }, signal);
  await session.release(key, 'c1', signal);
  await clock.advance(0);
  expect({ hints, woken }).toEqual({ hints: 0, woken: false });
  const reason = new Error('enough');
  leave.abort(reason);
  await expect(park).rejects.toBe(reason);
  clock.stall(20_000);
  await clock.advance(0);
  expect(session.gone.aborted).toBe(false);
});

it('leaves no alarm behind in a memory store that was closed', async () => {
  const clock = new VirtualClock();
  const store = memory({ clock });
  const session = await store.open(request, signal);
  await session.claim(key, record, signal);
  const watch = store.watch(key, signal)[Symbol.asyncIterator]();
  await watch.next();
  const next = watch.next();
  expect(clock.alarms).toBe(1);
  await store.close();
  await expect(next).rejects.toThrow('closed');
  expect(clock.alarms).toBe(0);
  await expect(store.holder(key, signal)).rejects.toThrow('closed');
  expect(later(clock.now(), 0)).toEqual(clock.now());
});
