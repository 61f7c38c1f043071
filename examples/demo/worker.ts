/** One worker: a process of its own, with its own connection to the store. */
import { createTenure, openStore } from '@tenure/core';
import { CandidateOnStage } from './candidate.ts';
import type { Order, Part, Report } from './report.ts';

const { part, storeUrl } = JSON.parse(process.argv[2] ?? '{}') as { part: Part; storeUrl: string };

const tell = (report: Report): void => {
  if (process.connected) process.send?.(report);
};

const { namespace, ttlMs, name } = part;
const tenure = createTenure({
  store: await openStore(storeUrl),
  namespace,
  ttlMs,
  candidate: { id: name },
});
const candidate = new CandidateOnStage(tenure, tell);

// When the demo is gone there is nobody left to report to.
process.once('disconnect', () => {
  void tenure.close();
  setTimeout(() => process.exit(), 1000).unref();
});
process.on('message', (order: Order) => {
  if (order === 'resign') void candidate.resign();
  else void candidate.leave().then(() => process.disconnect());
});

candidate.stand();
