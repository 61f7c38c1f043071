/** One worker: a process of its own, with its own connection to the store. */
import { createTenure } from '@tenure/core';
import type { Store } from '@tenure/core';
import { consul } from '@tenure/consul';
import { etcd } from '@tenure/etcd';
import { CandidateOnStage } from './candidate.ts';
import type { Order, Part, Report, StoreSpec } from './report.ts';

const { part, store } = JSON.parse(process.argv[2] ?? '{}') as { part: Part; store: StoreSpec };

const open = (spec: StoreSpec): Store =>
  spec.kind === 'etcd'
    ? etcd({ hosts: spec.hosts })
    : consul({ addresses: spec.addresses, minTtlMs: spec.minTtlMs });

const tell = (report: Report): void => {
  if (process.connected) process.send?.(report);
};

const { namespace, ttlMs, name } = part;
const tenure = createTenure({ store: open(store), namespace, ttlMs, candidate: { id: name } });
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
