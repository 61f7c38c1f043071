/** One replica with two schedules of the same seconds on one election. Each run is written down as it begins and ends. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure, openStore } from '@tenure/core';
import { schedule } from '@tenure/scheduler';
import type { Plan, Telling } from './protocol.ts';
import { guarantees } from './protocol.ts';

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
const tell = (telling: Telling): void => void process.send?.(telling, undefined, undefined, () => {});
const scandal = (error: unknown): void => tell({ what: 'scandal', message: String(error) });
process.on('unhandledRejection', scandal);
process.on('uncaughtException', scandal);

const tenure = createTenure({ store: await openStore(plan.storeUrl), ttlMs: plan.ttlMs });
const election = tenure.election('schedules');
election.acquired.subscribe(() => tell({ what: 'leads' }));

for (const guarantee of guarantees) {
  // Synchronously: a line that was written is there, whatever happens to this process next.
  const note = (what: 'began' | 'ended', tick: Date): void =>
    appendFileSync(plan.log, `${guarantee} ${tick.getTime()} ${what} ${process.pid}\n`);
  schedule(
    election,
    '* * * * * *',
    async ({ scheduledAt, signal }) => {
      note('began', scheduledAt);
      await sleep(Math.random() * plan.workMs, undefined, { signal });
      note('ended', scheduledAt);
    },
    { name: guarantee, guarantee, timezone: 'UTC' },
  );
}

process.on('message', (order: 'resign' | 'close') => {
  if (order === 'resign') void election.resign();
  else void tenure.close().then(() => process.disconnect());
});
process.on('disconnect', () => process.exit());
