/** One candidate for all keys, as users would write it, over what ships. Run with `--expose-gc`. */
import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { createTenure, openStore } from '@tenure/core';
import type { Election, Standing } from '@tenure/core';
import type { Order, Plan, Report, Sample } from './protocol.ts';

const LOOKS = 3;
const LOOK_EVERY_MS = 50;

const tell = (report: Report): void => {
  if (process.connected) process.send?.(report);
};
const scandal = (error: unknown): void =>
  tell({ what: 'scandal', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });

process.on('unhandledRejection', scandal);
process.on('uncaughtException', scandal);
process.on('warning', scandal);

interface Stand {
  readonly election: Election;
  role: Standing['role'];
}

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
const tenure = createTenure({
  store: await openStore(plan.storeUrl),
  namespace: plan.namespace,
  ttlMs: plan.ttlMs,
  candidate: { id: plan.id },
});
let renewals = 0;
let aborted = 0;
let lost = 0;
let troubles = 0;
let latest = 'no trouble';
let closing = false;
tenure.session.on('renewed', () => (renewals += 1));
const stands = Array.from({ length: plan.keys }, (_, index) => standFor(`key-${index + 1}`));

/** With the listeners that programs have. */
function standFor(key: string): Stand {
  const election = tenure.election(key);
  const stand: Stand = { election, role: 'idle' };
  election.standing.subscribe(({ role }) => (stand.role = role));
  election.on('acquired', (term) => {
    term.signal.addEventListener('abort', () => (aborted += 1), { once: true });
  });
  election.on('lost', () => (lost += 1));
  election.on('error', (error) => {
    troubles += 1;
    latest = String(error);
  });
  return stand;
}

/** What is there at every look: a request that is under way, or its socket, is not there for long. */
async function lasting(): Promise<Record<string, number>> {
  let least: Record<string, number> | undefined;
  for (let look = 0; look < LOOKS; look += 1) {
    const counts: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
    const before = least;
    least = before
      ? Object.fromEntries(Object.entries(before).map(([kind, n]) => [kind, Math.min(n, counts[kind] ?? 0)]))
      : counts;
    await pause(LOOK_EVERY_MS);
  }
  return least ?? {};
}

async function sample(): Promise<Sample> {
  const { Timeout: timers = 0, Immediate: _, ...handles } = await lasting();
  // Twice: what the first finds may have finalizers.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const terms = stands.flatMap(({ election }) => election.term ?? []);
  const onSession = tenure.session.eventNames().map((name) => tenure.session.listenerCount(name));
  const onSignals = terms.map(({ signal }) => getEventListeners(signal, 'abort').length);
  return {
    led: stands.flatMap(({ election }, index) => (election.term ? [index] : [])),
    waiting: stands.filter(({ role }) => role === 'follower').length,
    heap: heapUsed,
    rss,
    handles,
    timers,
    listeners: [...onSession, ...onSignals].reduce((sum, count) => sum + count, 0),
    renewals,
    lost,
    trouble: `${troubles} times in trouble, ${latest}`,
  };
}

async function close(): Promise<void> {
  closing = true;
  await tenure.close();
  process.disconnect();
}

process.on('message', (order: Order) => {
  switch (order.order) {
    case 'stand':
      for (const { election } of stands) election.start();
      break;
    case 'resign':
      for (const index of order.keys) {
        const election = stands[index]?.election;
        if (election?.term) void election.resign();
      }
      break;
    case 'sample':
      void sample().then((shown) => tell({ what: 'sample', ...shown }));
      break;
    case 'close':
      void close();
  }
});
// The soak is gone.
process.on('disconnect', () => {
  if (!closing) process.exit(1);
});
tell({ what: 'ready' });
