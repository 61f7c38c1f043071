import { InvalidArgumentError, TenureError, ValueTooLargeError, createTenure, defaults } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import { afterEach, describe, expect, it } from 'vitest';

const open: { close(): Promise<void> }[] = [];
const make = (options: object = {}) => {
  const tenure = createTenure({ store: memory(), ...options });
  open.push(tenure);
  return tenure;
};
afterEach(() => Promise.all(open.splice(0).map((tenure) => tenure.close())));

describe('bad input is refused at once, by name and value', () => {
  it.each([
    ['no store', { store: undefined }, 'needs a store'],
    ['something that is no store', { store: { name: 'x' } }, 'needs a store'],
    ['an unknown option', { tttlMs: 1 }, '"tttlMs"'],
    ['TTL 0', { ttlMs: 0 }, 'got 0'],
    ['a negative TTL', { ttlMs: -5 }, 'got -5'],
    ['a TTL that is no number', { ttlMs: '15s' }, 'got 15s'],
    ['a TTL above what the store grants', { ttlMs: 1e15 }, 'for the memory store, got 1000000000000000'],
    ['an empty namespace', { namespace: '' }, 'namespace'],
    ['an empty candidate id', { candidate: { id: '' } }, 'candidate.id'],
    ['an unknown candidate option', { candidate: { name: 'a' } }, '"name"'],
    ['a negative grace', { graceMs: -1 }, 'graceMs'],
    ['chance that is no function', { random: 0.5 }, 'random must be a function'],
    ['a renewal period that leaves no second try', { timing: { renewMs: 9000 } }, 'renewMs 9000'],
    ['a margin as long as the TTL', { timing: { marginMs: 15_000 } }, 'marginMs'],
    ['a drift of half the time', { timing: { drift: 0.5 } }, 'drift'],
    ['metadata that is no JSON', { candidate: { metadata: 1n } }, 'metadata'],
  ])('%s', (_what, options, message) => {
    expect(() => make(options)).toThrow(InvalidArgumentError);
    expect(() => make(options)).toThrow(message);
  });

  it.each([[''], [undefined], [7], ['a\0b'], ['x'.repeat(1025)]])('the key %j', (key) => {
    const tenure = make();
    for (const use of [
      () => tenure.election(key as string),
      () => tenure.lock(key as string),
      () => tenure.observe(key as string),
    ]) {
      expect(use).toThrow(InvalidArgumentError);
    }
  });

  it('metadata and checkpoints over the store’s limit', async () => {
    const tenure = make({ store: memory({ maxValueBytes: 1000 }) });
    expect(() => tenure.election('job', { metadata: 'x'.repeat(1000) })).toThrow(ValueTooLargeError);
    const term = await tenure.lock('job').acquire();
    await expect(term.save('x'.repeat(1000))).rejects.toMatchObject({
      code: 'VALUE_TOO_LARGE',
      maxBytes: 1000,
    });
    await expect(term.announce('x'.repeat(1000))).rejects.toBeInstanceOf(ValueTooLargeError);
    await expect(term.save((() => {}) as never)).rejects.toBeInstanceOf(InvalidArgumentError);
    expect(term.isCurrent()).toBe(true);
    await term.save('small enough');
  });

  it('unknown options of verbs', async () => {
    const tenure = make();
    const lock = tenure.lock('job');
    await expect(lock.acquire({ timeout: 5 } as never)).rejects.toThrow('"timeout"');
    await expect(lock.acquire({ waitMs: -1 })).rejects.toThrow('waitMs');
    await expect(lock.acquire({ ttlMs: 1000 })).rejects.toThrow('renew: false');
    await expect(lock.run(() => {}, { maxHold: 5 } as never)).rejects.toThrow('"maxHold"');
    await expect(lock.run('work' as never)).rejects.toThrow('function');
    expect(() => tenure.election('job', { meta: 1 } as never)).toThrow('"meta"');
    await expect(tenure.election('job').lead(() => {}, { abort: 1 } as never)).rejects.toThrow('"abort"');
    await expect(tenure.evict('job', { forced: true } as never)).rejects.toThrow('"forced"');
  });
});

describe('what is left out', () => {
  it('is in one object', () => {
    expect(defaults).toMatchObject({ namespace: 'tenure', ttlMs: 15_000, graceMs: 10_000 });
  });

  it('gives every start an id of its own', async () => {
    const [one, other] = [make(), make({ store: memory() })];
    const ids = [await one.lock('a').acquire(), await other.lock('a').acquire()].map(
      ({ candidate }) => candidate.id,
    );
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(new RegExp(`^.+:${process.pid}:[0-9a-f]{8}$`, 'u'));
  });
});

it('every error of ours has a code that is stable', () => {
  expect(new InvalidArgumentError('x')).toBeInstanceOf(TenureError);
  expect(new InvalidArgumentError('x').code).toBe('INVALID_ARGUMENT');
});
