/** Who leads, without standing. Run `lead.ts` on the same store beside it. */
import { log } from 'node:console';
import { createTenure } from '@tenure/core';
import { aborted, commandLine } from './store.ts';

const { store, signal } = await commandLine();
await using tenure = createTenure({ store });

const subscription = tenure.observe('nightly-report').subscribe((leader) => {
  if (!leader) log('nobody leads');
  else log(`${leader.id} leads since ${leader.acquiredAt}, token ${leader.token}`);
});

for (const leader of await tenure.leaders()) {
  log(`held now: ${leader.key} by ${leader.id}, ${JSON.stringify(leader.metadata)}`);
}

await aborted(signal);
subscription.unsubscribe();
