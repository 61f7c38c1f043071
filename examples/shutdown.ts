/** Leaving on SIGTERM: nothing new, what runs is finished, the key is released, exit 0. The next one leads at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure, TermLostError } from '@tenure/core';
import type { Term } from '@tenure/core';
import fastify from 'fastify';
import { aborted, commandLine, say } from './store.ts';

const { store, signal, options } = await commandLine({ port: '0', ttl: '15s' });
// graceMs: for work that does not end. Give it less than whoever sends SIGTERM waits before SIGKILL.
const tenure = createTenure({ store, ttlMs: options.ttl, graceMs: 8000 });
const election = tenure.election('orders');
election.on('error', (error) => say(`being retried: ${error.message}`));
election.on('released', ({ term }) => say(`released, token ${term.token}`));

/** Batch after batch. One that has begun is finished: the key is held until this returns. */
async function work(term: Term): Promise<void> {
  say(`we lead, with token ${term.token}`);
  for (let batch = 1; !term.signal.aborted; batch++) {
    say(`batch ${batch} begun, token ${term.token}`);
    await sleep(500);
    say(`batch ${batch} done, token ${term.token}`);
  }
}

async function place(term: Term): Promise<string> {
  say(`order begun, token ${term.token}`);
  await sleep(1500);
  say(`order done, token ${term.token}`);
  return `placed, fence ${term.token}\n`;
}

const app = fastify();
app.post('/orders', (_request, reply) => {
  const { term } = election;
  // Asked to end, it is still ours, but begins nothing new.
  if (!term || term.signal.aborted) return reply.code(503).send('somebody else leads, or will soon\n');
  const placed = place(term);
  // Not in `work`, and yet the key is held until it is done.
  term.waitUntil(placed);
  return placed;
});
app.addHook('onSend', async (_request, reply) => {
  // Else a client that keeps its connection for the next request keeps us from leaving.
  if (signal.aborted) reply.header('connection', 'close');
});
say(`orders: ${await app.listen({ port: options.port, host: '127.0.0.1' })}/orders`);

async function stand(): Promise<void> {
  for (;;) {
    try {
      // Resolves when the tenure is closed.
      return await election.lead(work);
    } catch (error) {
      if (!(error instanceof TermLostError)) throw error;
      say(`lost: ${error.reason}`);
    }
  }
}
const standing = stand();

await aborted(signal);
say('leaving');
// `close` asks the term to end, waits for its work (8 s at most, see above), and releases the key.
// The app takes no new connections, and answers what it has begun.
await Promise.all([tenure.close(), app.close(), standing]);
say('left');
