/** A queue that exactly one consumer works off, in order; its successor goes on where it stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure, TermLostError } from '@tenure/core';
import type { Term } from '@tenure/core';
import Database from 'libsql';
import { commandLine, say } from './store.ts';

// --crash 7: dies between writing job 7 and saving that it is done, to see what its successor does.
const { store, signal, options } = await commandLine({ jobs: '50', crash: '0', ttl: '15s' });
await using tenure = createTenure({ store, ttlMs: options.ttl });
const consumer = tenure.election('queue');
consumer.on('error', (error) => say(`being retried: ${error.message}`));

// What the jobs write to. It compares tokens itself, in the write: no row means that a later consumer has been here.
const ledger = new Database('./ledger.db', { timeout: 5000 });
ledger.exec('CREATE TABLE IF NOT EXISTS ledger (job INTEGER NOT NULL, fence INTEGER NOT NULL)');
const write = ledger.prepare(
  'INSERT INTO ledger SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE fence > ?)',
);

async function consume(term: Term): Promise<void> {
  let done = Number(term.checkpoint ?? 0);
  say(`we consume, with token ${term.token}, after job ${done}`);
  while (done < options.jobs) {
    // Between two jobs, never within one: the key is held until this returns.
    if (term.signal.aborted) return;
    const job = done + 1;
    await sleep(50);
    const { changes } = write.run(job, term.token, term.token);
    if (changes === 0) throw new Error(`job ${job} was refused: token ${term.token} is of the past`);
    // At least once: who dies here has done the job, and its successor does it again. So jobs must bear that (an upsert,
    // a key that their receiver knows), or write what they do and which job it was in one transaction, and look there.
    if (job === options.crash) process.kill(process.pid, 'SIGKILL');
    await term.save(job);
    done = job;
    say(`job ${job} done, token ${term.token}`);
  }
  say('the queue is empty');
  // Not waited for: it waits for us.
  void consumer.stop();
}

let isOver = false;
while (!isOver) {
  try {
    await consumer.lead(consume, { signal });
    isOver = true;
  } catch (error) {
    if (error === signal.reason) isOver = true;
    else if (error instanceof TermLostError) say(`lost: ${error.reason}`);
    else throw error;
  }
}
ledger.close();
say('left');
