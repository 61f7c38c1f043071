/** A leader-only worker in a web app, whose /health tells where it stands, and when its work is stuck. */
import { log } from 'node:console';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure, TermLostError } from '@tenure/core';
import type { Term } from '@tenure/core';
import fastify from 'fastify';
import { firstValueFrom } from 'rxjs';
import { commandLine } from './store.ts';

// --hang 5: step 5 never ends, to see what /health says then.
const { store, signal, options } = await commandLine({ port: '0', stuck: '10s', hang: '0' });
await using tenure = createTenure({ store });
const election = tenure.election('nightly-report');
election.on('error', (error) => log(`being retried: ${error.message}`));

/** When the leader's work last got on; undefined while we do not work. */
let progressAt: number | undefined;

async function work(term: Term): Promise<void> {
  for (let step = 1; !term.signal.aborted; step++) {
    progressAt = performance.now();
    log(`step ${step}, fence ${term.token}`);
    await sleep(step === options.hang ? 2 ** 31 - 1 : 500, undefined, { signal: term.signal });
  }
}

const app = fastify();
app.get('/health', async (_request, reply) => {
  // By the clock, now: also right when this process was suspended a moment ago.
  const { role, jeopardy, leader, term } = await firstValueFrom(election.standing);
  const idleMs = progressAt === undefined ? 0 : Math.round(performance.now() - progressAt);
  // Renewals go on while the work hangs, so nobody else takes over: only a restart helps, and 503 asks for one.
  const isStuck = term !== undefined && idleMs > options.stuck;
  // Followers are healthy: they are there to wait. So is who cannot reach the store: restarts would not mend that.
  const isHealthy = role !== 'idle' && !signal.aborted && !isStuck;
  return reply.code(isHealthy ? 200 : 503).send({
    role,
    jeopardy,
    leader: leader?.id ?? null,
    token: leader ? String(leader.token) : null, // it may exceed 2^53
    remainingMs: Math.round(term?.remainingMs() ?? 0),
    idleMs,
  });
});
log(`health: ${await app.listen({ port: options.port, host: '127.0.0.1' })}/health`);

while (!signal.aborted) {
  try {
    await election.lead(work, { signal });
  } catch (error) {
    if (error instanceof TermLostError) log(`lost: ${error.reason}`);
    else if (error !== signal.reason) throw error;
  } finally {
    progressAt = undefined;
  }
}
await app.close();
log('left');
