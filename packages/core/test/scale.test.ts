import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import { Rig } from './rig.ts';
import { createTenure } from '../src/index.ts';
import type { Tenure } from '../src/index.ts';
import { memory } from '../src/memory.ts';
import { later } from '../src/clock.ts';

/** A third more than it takes, the store's own record of it among it. */
const MOST_BYTES_EACH = 2400;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapBytes(): number {
  // What finalizers let go of is collected the second time.
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

const win = (tenure: Tenure, name: string, count: number): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, (_, index) => {
      const election = tenure.election(`${name} ${index}`);
      const won = new Promise((resolve) => {
        election.once('acquired', resolve);
      });
      election.start();
      return won;
    }),
  );

it('keeps little of an election that leads: no stream, signal or promise that nobody has asked for', async () => {
  await using tenure = createTenure({ store: memory(), ttlMs: 60_000 });
  await win(tenure, 'first', 500);
  const before = heapBytes();
  await win(tenure, 'job', 5000);
  expect((heapBytes() - before) / 5000).toBeLessThan(MOST_BYTES_EACH);
});

let rig: Rig | undefined;
afterEach(() => rig?.close());

it('asks once for each of a thousand keys when their session is lost, a bounded number at a time', async () => {
  rig = new Rig();
  const { clock, space } = rig;
  const { tenure, line } = rig.tenure('a');
  const names = Array.from({ length: 1000 }, (_, index) => `job ${index}`);
  const elections = names.map((name) => tenure.election(name));
  for (const election of elections) election.start();
  await clock.advance(100);
  const tokens = elections.map(({ term }) => term?.token);
  expect(tokens.every((token) => token !== undefined)).toBe(true);

  let inFlight = 0;
  let most = 0;
  line.calls.length = 0;
  line.fault = ({ verb }) => {
    if (verb !== 'claim') return undefined;
    inFlight += 1;
    most = Math.max(most, inFlight);
    clock.alarm(later(clock.now(), 20), () => (inFlight -= 1));
    return { kind: 'late', requestMs: 20, answerMs: 0 };
  };
  const operator = memory({ shared: space });
  await operator.endSession(
    { namespace: 'tenure', name: names[0]! },
    tokens[0]!,
    new AbortController().signal,
  );
  await clock.advance(500);
  const again = elections.map(({ term }) => term?.token ?? 0n);
  expect(again.every((token, index) => token > tokens[index]!)).toBe(true);
  const verbs = line.calls.map(({ verb }) => verb);
  expect(verbs.filter((verb) => verb === 'claim')).toHaveLength(1000);
  expect(verbs.filter((verb) => verb === 'open')).toHaveLength(1);
  expect(verbs.filter((verb) => verb === 'release' || verb === 'holder')).toEqual([]);
  expect(most).toBeLessThanOrEqual(256);
});
