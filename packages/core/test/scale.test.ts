import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createTenure } from '../src/index.ts';
import type { Tenure } from '../src/index.ts';
import { memory } from '../src/memory.ts';

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
