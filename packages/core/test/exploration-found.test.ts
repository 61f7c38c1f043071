import { afterEach, beforeEach, expect, it } from 'vitest';
import { Rig, hang, listen } from './rig.ts';

/** What exploration has found first, in a real tenure. */
let rig: Rig;
beforeEach(() => (rig = new Rig()));
afterEach(() => rig.close());

const until = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

it('does not stand again after stop() when its term is lost while waitUntil holds it', async () => {
  const { tenure, line } = rig.tenure('a');
  const election = tenure.election('job');
  const { log } = listen(election);
  election.start();
  await rig.clock.advance(100);
  election.term?.waitUntil(new Promise(() => {}));
  const stopped = election.stop();
  line.fault = () => hang;
  await rig.clock.advance(2000);
  line.fault = () => undefined;
  await rig.clock.advance(5000);
  await stopped;
  expect(log).toEqual(['acquired 1', 'lost 1 expired']);
});

it('does not run the work of lead again after its signal when the term is lost while held', async () => {
  const { tenure, line } = rig.tenure('a');
  const election = tenure.election('job');
  const { log } = listen(election);
  const enough = new AbortController();
  const led = election.lead(
    async (term) => {
      term.waitUntil(new Promise(() => {}));
      await until(term.signal);
    },
    { signal: enough.signal },
  );
  led.catch(() => {});
  await rig.clock.advance(100);
  enough.abort();
  line.fault = () => hang;
  await rig.clock.advance(2000);
  line.fault = () => undefined;
  await rig.clock.advance(5000);
  expect(log).toEqual(['acquired 1', 'lost 1 expired']);
});

it('leaves no term that nobody works for when start() is called while lead leaves', async () => {
  const { tenure, line } = rig.tenure('a');
  const election = tenure.election('job');
  const { log } = listen(election);
  let fail = (): void => {};
  const work = new Promise<void>((_resolve, reject) => (fail = () => reject(new Error('failed'))));
  const led = election.lead(() => work);
  led.catch(() => {});
  await rig.clock.advance(100);
  line.fault = ({ verb }) => (verb === 'release' ? { kind: 'late', requestMs: 50, answerMs: 50 } : undefined);
  fail();
  await rig.clock.advance(20);
  election.start();
  await rig.clock.advance(1000);
  void election.stop();
  await rig.clock.advance(100_000);
  expect(log.at(-1)).toMatch(/^released/u);
});

it('does not begin a term beside the work of a lost one when start() is called', async () => {
  const { tenure, line } = rig.tenure('a');
  const election = tenure.election('job');
  const { log } = listen(election);
  election.lost.subscribe(() => election.start());
  let settle = (): void => {};
  const led = election.lead(() => new Promise<void>((resolve) => (settle = resolve)));
  led.catch(() => {});
  await rig.clock.advance(100);
  line.fault = () => hang;
  await rig.clock.advance(2000);
  line.fault = () => undefined;
  await rig.clock.advance(5000);
  const before = [...log];
  settle();
  expect(before).toEqual(['acquired 1', 'lost 1 expired']);
});
