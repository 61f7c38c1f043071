/** A job at certain times, on the replica that leads. Start several of these. */
import { log } from 'node:console';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure } from '@tenure/core';
import { schedule } from '@tenure/scheduler';
import { aborted, commandLine } from './store.ts';

const { store, signal } = await commandLine();
await using tenure = createTenure({ store });
const election = tenure.election('jobs');

await using report = schedule(
  election,
  '0 3 * * *',
  async ({ scheduledAt, token, signal: stop }) => {
    log(`the report of ${scheduledAt.toISOString()}, fence ${token}`);
    await sleep(1000, undefined, { signal: stop });
  },
  { name: 'nightly-report', timezone: 'Europe/Berlin', guarantee: 'at-least-once', atMostFor: 600_000 },
);
await using beat = schedule(election, ({ token }) => log(`beat, fence ${token}`), { everyMs: 1000 });

beat.runs.subscribe((run) => {
  if (run.kind === 'missed') log(`${run.count} missed since ${run.since.toISOString()}`);
});
log(`next report: ${report.next()?.toISOString()}`);
await aborted(signal);
log('left');
