import { log } from 'node:console';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure } from '@tenure/core';
import { sqlite } from '@tenure/sql/sqlite';

const tenure = createTenure({
  store: sqlite({ file: 'tenure.db' }), // or etcd(…), consul(…), redis(…), postgres(…), mysql(…)
  releaseOn: ['SIGINT', 'SIGTERM'],
});

await tenure.election('nightly-report').lead(async (term) => {
  log(`we lead, with token ${term.token}`);
  while (!term.signal.aborted) {
    log('at work');
    await sleep(1000, undefined, { signal: term.signal });
  }
});
