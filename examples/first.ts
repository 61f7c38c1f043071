import { log } from 'node:console';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure } from '@tenure/core';
import { memory } from '@tenure/core/memory';

const tenure = createTenure({
  store: memory(), // or etcd({ hosts: 'http://127.0.0.1:2379' }), or consul()
  releaseOn: ['SIGINT', 'SIGTERM'],
});

await tenure.election('nightly-report').lead(async (term) => {
  log(`we lead, with token ${term.token}`);
  while (!term.signal.aborted) {
    log('at work');
    await sleep(1000, undefined, { signal: term.signal });
  }
});
