import { memory } from '@tenure/core/memory';
import { ClosedError } from '@tenure/core/store';
import { expect, test } from 'vitest';

const signal = AbortSignal.timeout(10_000);

test('the memory store warns that it coordinates one process only', async () => {
  const { product, findings } = await memory().checkup!(signal);
  expect(product).toBe('memory');
  expect(findings).toMatchObject([{ level: 'warning', text: expect.stringContaining('this process only') }]);
});

test('one that is closed, or a signal that has aborted, ends the checkup of the memory store', async () => {
  const store = memory();
  const reason = new Error('enough');
  await expect(store.checkup!(AbortSignal.abort(reason))).rejects.toBe(reason);
  await store.close();
  await expect(store.checkup!(signal)).rejects.toBeInstanceOf(ClosedError);
});
