/** A worker that subscribes to its leadership. */
import { log } from 'node:console';
import { createTenure } from '@tenure/core';
import { interval, map, merge, switchMap, takeUntil } from 'rxjs';
import { aborted, commandLine } from './store.ts';

const { store, signal } = await commandLine();
await using tenure = createTenure({ store });
const election = tenure.election('worker');

election.acquired.subscribe((term) => log(`acquired, token ${term.token}`));
election.released.subscribe((end) => log(`released, token ${end.term.token}`));
election.lost.subscribe((end) => log(`lost, token ${end.term.token}: ${end.reason}`));
election.errors.subscribe((error) => log(`being retried: ${error.message}`));

// One tick a second while we lead, and none after.
const ended = merge(election.released, election.lost);
const ticks = election.acquired.pipe(
  switchMap((term) =>
    interval(1000).pipe(
      map((count) => ({ term, count })),
      takeUntil(ended),
    ),
  ),
);
ticks.subscribe(({ term, count }) => {
  // A process that was suspended wakes up to what was due before: ask before acting.
  if (term.isCurrent()) log(`tick ${count + 1}, fence ${term.token}`);
});

// Subscribing does not stand for election; this does.
election.start();
await aborted(signal);
await election.stop();
