import { log } from 'node:console';
import { argv, stdin } from 'node:process';
import { createInterface } from 'node:readline';
import { createTenure } from '@tenure/core';
import { sqlite } from '@tenure/sql/sqlite';
import cron from 'node-cron';
import { runCoordinator } from '../src/index.ts';

// An app of a user, as the replicas of `replicas.test.ts` run it: its clock is fast by so much, and it has a task every second.
const [, , skewMs = '0'] = argv;
const { now } = Date;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args: readonly unknown[]) {
    super(...((args.length === 0 ? [now() + Number(skewMs)] : args) as [number]));
  }
  static override now(): number {
    return now() + Number(skewMs);
  }
} as DateConstructor;

const tenure = createTenure({ store: sqlite({ file: 'tenure.db' }) });
const coordinator = runCoordinator(tenure);
coordinator.election.acquired.subscribe(() => log('leads'));
cron.setRunCoordinator(coordinator);
const task = cron.schedule('* * * * * *', ({ date }) => log(`ran ${date.toISOString()}`), {
  name: 'every-second',
  distributed: true,
});
task.on('execution:skipped', ({ reason }) => log(`skipped ${reason}`));
task.on('execution:missed', ({ date }) => log(`missed ${date.toISOString()}`));

for await (const line of createInterface({ input: stdin })) {
  if (line === 'resign') await coordinator.election.resign();
  if (line === 'end') break;
}
await cron.shutdown();
await tenure.close();
stdin.unref();
