import { expect, it, onTestFinished } from 'vitest';
import { Stage } from './stage.ts';

/** How many shards each process works on, by what was said last of all, when it is all of them. */
function shares(said: string, shards: number): readonly number[] | undefined {
  const overview = said
    .split('\n')
    .slice(0, -1)
    .findLast((line) => line.includes(' each: '));
  const works = (overview?.split(' each: ')[1] ?? '')
    .split('; ')
    .map((one) => one.match(/shard\/\d+/g) ?? []);
  const led = new Set(works.flat());
  return led.size === shards ? works.map(({ length }) => length).toSorted((a, b) => a - b) : undefined;
}

/** Shards that began while another process still worked on them, where that had not been killed. */
function doubles(said: string, killedPid: number): readonly string[] {
  const busy = new Map<string, string>();
  const wrong: string[] = [];
  for (const [line, pid = '', shard = '', what] of said.matchAll(
    /^(\d+): (shard\/\d+) (is ours|given up).*$/gm,
  )) {
    const before = busy.get(shard);
    if (what === 'given up') busy.delete(shard);
    else {
      if (before !== undefined && Number(before) !== killedPid) wrong.push(line);
      busy.set(shard, pid);
    }
  }
  return wrong;
}

it('shards.ts: every shard is led, nobody has more than its share, and the rest takes over who died', async () => {
  const stage = await Stage.open();
  onTestFinished(() => stage.close());
  const start = () => stage.start('shards.ts', '--shards', '6', '--ttl', '5s');
  const balanced = (wanted: readonly number[]): Promise<true> =>
    stage.see(`the shards are spread ${wanted.join(', ')}`, (said) =>
      JSON.stringify(shares(said, 6)) === JSON.stringify(wanted) ? true : undefined,
    );

  const [first, second, third] = [start(), start(), start()];
  await balanced([2, 2, 2]);
  await first.end('SIGKILL');
  await balanced([3, 3]);
  expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await balanced([6]);
  expect(await third.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(doubles(stage.said, first.pid)).toEqual([]);
  expect(stage.complaints).toBe('');
});
