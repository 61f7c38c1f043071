/** Work that only the leader does, and that stops when it no longer leads. */
import { log } from 'node:console';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure, TermLostError } from '@tenure/core';
import type { Term } from '@tenure/core';
import { commandLine } from './store.ts';

const { store, signal } = await commandLine();
await using tenure = createTenure({ store, candidate: { metadata: { started: 'by hand' } } });
const election = tenure.election('nightly-report');
election.on('error', (error) => log(`being retried: ${error.message}`));

async function work(term: Term): Promise<void> {
  log(`we lead, with token ${term.token}`);
  for (let step = 1; !term.signal.aborted; step++) {
    // Whatever this step writes carries the token, so that a past leader's write can be refused.
    log(`step ${step}, fence ${term.token}, sure of ${Math.round(term.remainingMs())} ms`);
    await sleep(1000, undefined, { signal: term.signal });
  }
}

log(`standing for "${election.key}"`);
while (!signal.aborted) {
  try {
    await election.lead(work, { signal });
  } catch (error) {
    // Lost: stop what was begun, then stand again. An aborted signal rejects with its own reason.
    if (error instanceof TermLostError) log(`lost: ${error.reason}`);
    else if (error !== signal.reason) throw error;
  }
}
log('left');
