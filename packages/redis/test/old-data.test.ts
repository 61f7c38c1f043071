import { expect, it } from 'vitest';
import { missing, serverOf, tenureOf } from './rig.ts';

it.skipIf(missing)('a server that came back with old data keeps a key from nobody for ever', async () => {
  const { url, operator } = await serverOf();
  const lock = tenureOf({ url }).lock('job');
  const former = await lock.acquire();
  const old = await operator.client.dumpBuffer('{test}:lock:job');
  await former.release();
  await operator.client.restore('{test}:lock:job', 0, old, 'REPLACE');
  const next = await lock.acquire({ waitMs: 5000 });
  expect(next.token).toBeGreaterThan(former.token);
});
