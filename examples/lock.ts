/** Locks: wait for one, ask for one, run work under one. */
import { log } from 'node:console';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure, LockTimeoutError } from '@tenure/core';
import { commandLine } from './store.ts';

const { store, signal } = await commandLine();
await using tenure = createTenure({ store });
const lock = tenure.lock('invoice-42');

/** Holds the lock until its block ends, however that ends. */
async function hold(): Promise<void> {
  await using term = await lock.acquire({ signal });
  log(`acquire: ours, token ${term.token}`);
  // Two acquisitions contend, in one process as in two.
  const second = await lock.tryAcquire();
  log(`tryAcquire: ${second ? 'ours as well?!' : 'someone holds it'}`);
  await lock.acquire({ waitMs: 200 }).catch((error: unknown) => {
    if (!(error instanceof LockTimeoutError)) throw error;
    log(`acquire: ${error.message}`);
  });
}

try {
  while (!signal.aborted) {
    await hold();
    const rows = await lock.run(
      async (term) => {
        log(`run: ours, token ${term.token}`);
        await sleep(500, undefined, { signal: term.signal });
        return 42;
      },
      { waitMs: 60_000, signal },
    );
    log(`run: gave ${rows} and let go`);
    await sleep(1000, undefined, { signal });
  }
} catch (error) {
  if (!signal.aborted) throw error;
}
log('left');
