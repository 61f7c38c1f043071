import { log } from 'node:console';
import { createTenure } from '@tenure/core';
import { runCoordinator } from '@tenure/node-cron';
import { sqlite } from '@tenure/sql/sqlite';
import cron from 'node-cron';

const tenure = createTenure({
  store: sqlite({ file: 'tenure.db' }), // or etcd(…), consul(…), redis(…), postgres(…), mysql(…)
  releaseOn: ['SIGINT', 'SIGTERM'],
});
cron.setRunCoordinator(runCoordinator(tenure));

cron.schedule('* * * * * *', ({ date }) => log(`ran ${date.toISOString()}`), {
  name: 'every-second', // the same on every replica
  distributed: true,
});
