/** Many keys over few processes: each works on its share of the shards, and none hoards. Start several of these. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure } from '@tenure/core';
import type { Term } from '@tenure/core';
import { commandLine, say } from './store.ts';

const { store, signal, options } = await commandLine({ shards: '6', ttl: '15s' });
// One session carries them all: renewing costs the same for one shard as for a thousand.
await using tenure = createTenure({ store, ttlMs: options.ttl });
const shards = Array.from({ length: options.shards }, (_, index) => tenure.election(`shard/${index}`));

async function work(key: string, term: Term): Promise<void> {
  say(`${key} is ours, token ${term.token}`);
  // The shard's work, with the token on every write. A step that has begun is finished.
  while (!term.signal.aborted) await sleep(200);
  say(`${key} given up, token ${term.token}`);
}

/** How many shards we may lead. Nobody can tell before the first look. */
let share = 0;

/** Who leads less than its share stands for all other shards, who leads its share for none. */
function balance(): void {
  const led = shards.filter((shard) => shard.term);
  for (const surplus of led.slice(share)) void surplus.stop();
  for (const shard of shards) {
    if (shard.term) continue;
    if (led.length < share) shard.start();
    else void shard.stop();
  }
}

for (const shard of shards) {
  shard.acquired.subscribe((term) => {
    // The key is held until the work has settled, so that no two processes work on one shard.
    term.waitUntil(work(shard.key, term));
    balance();
  });
  shard.errors.subscribe((error) => say(`being retried: ${error.message}`));
}

// A key of our own says that we are there. It goes with the session, as the shards do.
tenure.election(`member/${tenure.candidate.id}`).start();

let known = '';
while (!signal.aborted) {
  try {
    const leaders = await tenure.leaders();
    const members = leaders.filter(({ key }) => key.startsWith('member/')).map(({ id }) => id);
    // At least as many seats as shards: whenever one is free, somebody stands for it.
    share = Math.ceil(shards.length / Math.max(members.length, 1));
    balance();
    const shardsOf = (member: string): string[] =>
      leaders.filter(({ key, id }) => id === member && key.startsWith('shard/')).map(({ key }) => key);
    const overview = members.map((id) => `${id} works on ${shardsOf(id).join(' ') || 'nothing'}`).join('; ');
    if (overview !== known) say(`at most ${share} each: ${overview}`);
    known = overview;
  } catch (error) {
    say(`being retried: ${String(error)}`);
  }
  await sleep(500, undefined, { signal }).catch(() => {});
}
await tenure.close();
say('left');
