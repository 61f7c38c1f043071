import { expect, it } from 'vitest';
import { Batches } from '../src/store.ts';
import type { BatchesOptions, BatchItem } from '../src/store.ts';

interface Request extends BatchItem {
  readonly name: string;
}

const request = (name: string, { lane = name, bytes = 1 } = {}): Request => ({ name, lane, bytes });

/** A store that is answered by hand. */
function rig(options: Partial<BatchesOptions<Request, string>> = {}) {
  const sent: { names: string; answer: () => void; fail: (error: Error) => void; signal: AbortSignal }[] = [];
  const batches = new Batches<Request, string>({
    most: 4,
    mostBytes: 100,
    isRefused: (error) => (error as Error).message === 'refused',
    send: (items, signal) =>
      new Promise((resolve, reject) => {
        const names = items.map(({ name }) => name);
        sent.push({
          names: names.join(' '),
          answer: () => resolve(names.map((name) => `answer to ${name}`)),
          fail: reject,
          signal,
        });
      }),
    ...options,
  });
  const run = (item: Request, signal = new AbortController().signal): Promise<string> => {
    const answer = batches.run(item, signal);
    // A test may look at its rejection later.
    answer.catch(() => {});
    return answer;
  };
  const tick = (): Promise<void> => new Promise(setImmediate);
  return { sent, run, tick, names: () => sent.map(({ names }) => names) };
}

it('sends what comes in one turn as one, so many at a time, and answers each for itself', async () => {
  const { sent, run, tick, names } = rig();
  const answers = Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => run(request(name))));
  await tick();
  expect(names()).toEqual(['a b c d', 'e']);
  for (const { answer } of sent) answer();
  expect(await answers).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `answer to ${name}`));
});

it('never puts two of a lane together, nor more bytes than fit, but for one that is too large alone', async () => {
  const { run, tick, names } = rig();
  void run(request('a', { lane: 'x' }));
  void run(request('b', { lane: 'x' }));
  void run(request('huge', { bytes: 1000 }));
  void run(request('c', { bytes: 99 }));
  await tick();
  expect(names()).toEqual(['a c', 'b', 'huge']);
});

it('keeps what comes while as many as may be are under way, and sends it together afterwards', async () => {
  const { sent, run, tick, names } = rig({ atOnce: 1 });
  void run(request('a'));
  await tick();
  for (const name of ['b', 'c', 'd']) {
    void run(request(name));
    await tick();
  }
  expect(names()).toEqual(['a']);
  sent[0]?.answer();
  // Whoever is answered may come again at once, and goes with the others.
  await tick();
  await tick();
  expect(names()).toEqual(['a', 'b c d']);
});

it('lets one that is given up go, and the others stay', async () => {
  const { sent, run, tick, names } = rig({ atOnce: 1 });
  const [early, late] = [new AbortController(), new AbortController()];
  const never = run(request('never sent'), early.signal);
  const left = run(request('a'), late.signal);
  const stays = run(request('b'));
  early.abort(new Error('changed my mind'));
  await tick();
  late.abort(new Error('too late'));
  expect(names()).toEqual(['a b']);
  expect(sent[0]?.signal.aborted).toBe(false);
  sent[0]?.answer();
  await expect(never).rejects.toThrow('changed my mind');
  await expect(left).rejects.toThrow('too late');
  expect(await stays).toBe('answer to b');
});

it('aborts a batch that nobody waits for any more, and has room for the next though it is never answered', async () => {
  const { sent, run, tick, names } = rig({ atOnce: 1 });
  const leaving = new AbortController();
  const both = ['a', 'b'].map((name) => run(request(name), leaving.signal));
  await tick();
  const next = run(request('c'));
  leaving.abort(new Error('given up'));
  await tick();
  for (const one of both) await expect(one).rejects.toThrow('given up');
  expect(sent[0]?.signal.aborted).toBe(true);
  expect(names()).toEqual(['a b', 'c']);
  sent[1]?.answer();
  expect(await next).toBe('answer to c');
});

it('sends each alone when one may be refused, and fails all of them for any other reason', async () => {
  const { sent, run, tick, names } = rig();
  const [a, b] = [run(request('a')), run(request('b'))];
  await tick();
  sent[0]?.fail(new Error('refused'));
  await tick();
  expect(names()).toEqual(['a b', 'a', 'b']);
  sent[1]?.fail(new Error('refused'));
  sent[2]?.answer();
  await expect(a).rejects.toThrow('refused');
  expect(await b).toBe('answer to b');
  const lost = [run(request('c')), run(request('d'))];
  await tick();
  sent[3]?.fail(new Error('connection lost'));
  for (const one of lost) await expect(one).rejects.toThrow('connection lost');
  expect(names()).toHaveLength(4);
});
