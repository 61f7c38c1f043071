import { expect, it, onTestFinished } from 'vitest';
import { Stage } from './stage.ts';

it('schedule.ts: one replica beats at a time, and the next one when that leaves', async () => {
  const stage = await Stage.open();
  onTestFinished(() => stage.close());
  const fences = (): readonly bigint[] =>
    [...stage.said.matchAll(/beat, fence (\d+)/g)].map(([, fence]) => BigInt(fence!));
  const first = stage.start('schedule.ts');
  await stage.hear(/beat/);
  const second = stage.start('schedule.ts');
  await stage.hear(/(next report.*\n[^]*){2}/);
  expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
  // Its TTL is 15 s: the key was handed over.
  await stage.see('another replica beats', () => (new Set(fences()).size > 1 ? true : undefined));
  expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(new Set(fences()).size).toBe(2);
  expect(fences()).toEqual(fences().toSorted((a, b) => Number(a - b)));
  expect(stage.complaints).toBe('');
});
