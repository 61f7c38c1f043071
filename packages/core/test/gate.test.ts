import { setMaxListeners } from 'node:events';
import { expect, it } from 'vitest';
import { Gate } from '../src/session/gate.ts';

const { signal } = new AbortController();
// Of a thousand who wait.
setMaxListeners(0, signal);

/** Enters as often as there is room, and tells what came in. */
async function crowd(gate: Gate, count: number): Promise<Awaited<ReturnType<Gate['enter']>>[]> {
  const inside: Awaited<ReturnType<Gate['enter']>>[] = [];
  for (let index = 0; index < count; index += 1) void gate.enter(signal).then((place) => inside.push(place));
  await new Promise(setImmediate);
  return inside;
}

it('lets as many in as there is room, and the next when one leaves, in their order', async () => {
  const gate = new Gate(4);
  const inside = await crowd(gate, 10);
  expect(inside).toHaveLength(4);
  inside[0]?.leave('answered');
  inside[0]?.leave('answered');
  await new Promise(setImmediate);
  expect(inside).toHaveLength(5);
});

it('has room for half as many when one was given up, whatever becomes of the others that were in flight', async () => {
  const gate = new Gate(8);
  const inside = await crowd(gate, 100);
  for (const place of inside.slice()) place.leave('given up');
  await new Promise(setImmediate);
  expect(inside).toHaveLength(8 + 4);
});

it('has room for one more each time as many as now were answered, up to what it began with', async () => {
  const gate = new Gate(4);
  const inside = await crowd(gate, 1000);
  for (const width of [2, 1]) {
    inside.at(-1)?.leave('given up');
    for (const place of inside.splice(0)) place.leave('answered');
    await new Promise(setImmediate);
    expect(inside).toHaveLength(width);
  }
  const widths = new Set<number>();
  for (let answers = 0; answers < 50; answers += 1) {
    inside.shift()?.leave('answered');
    await new Promise(setImmediate);
    widths.add(inside.length);
  }
  expect([...widths]).toEqual([2, 3, 4]);
});

it('rejects with the reason of a signal, and forgets who gave up', async () => {
  const gate = new Gate(1);
  const [first] = await crowd(gate, 1);
  const leaving = new AbortController();
  const refused = gate.enter(leaving.signal).catch((error: unknown) => error);
  const next = gate.enter(signal);
  leaving.abort(new Error('changed my mind'));
  expect(await refused).toMatchObject({ message: 'changed my mind' });
  first?.leave('answered');
  await expect(next).resolves.toBeDefined();
});
