/** A contender as users would write one, over what ships. It reports everything that it is told, with the time. */
import { existsSync } from 'node:fs';
import { createTenure, openStore } from '@tenure/core';
import type { Election, Term, TermEnd } from '@tenure/core';
import { Duty } from '../storm/duty.ts';
import { SteppedClock } from '../storm/stepped-clock.ts';
import { msBetween } from './protocol.ts';
import type { Order, Plan, Unstamped, View } from './protocol.ts';

const READ_EVERY_MS = 5;

const now = (): bigint => process.hrtime.bigint();
const tell = (report: Unstamped, at = now()): void => {
  if (process.connected) process.send?.({ ...report, at });
};
const scandal = (error: unknown): void =>
  tell({ what: 'scandal', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });

process.on('unhandledRejection', scandal);
process.on('uncaughtException', scandal);
process.on('warning', scandal);

interface Stand {
  readonly election: Election;
  term: Term | undefined;
  ended: boolean;
  lastCurrentAt: bigint;
}

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
const duty = plan.duty && new Duty(plan.id, plan.duty, plan.ttlMs, tell);
const clock = plan.clockRate === undefined ? undefined : new SteppedClock(plan.clockRate);
const tenure = createTenure({
  store: await openStore(plan.storeUrl),
  namespace: plan.namespace,
  ttlMs: plan.ttlMs,
  candidate: { id: plan.id },
  releaseOn: plan.releaseOn,
  ...(clock && { clock }),
});
const stands = new Map<string, Stand>(plan.keys.map((key) => [key, stand(key)]));
let reader: NodeJS.Timeout | undefined;
let readAt = now();
let closing = false;

function stand(key: string): Stand {
  const election = tenure.election(key);
  const self: Stand = { election, term: undefined, ended: false, lastCurrentAt: 0n };
  election.on('acquired', (term) => {
    const at = now();
    Object.assign(self, { term, ended: false, lastCurrentAt: 0n });
    const { token } = term;
    tell({ what: 'acquired', key, token }, at);
    term.signal.addEventListener('abort', () => tell({ what: 'aborted', key, token }));
    duty?.begin(term).catch(scandal);
  });
  const ended = ({ kind, reason, term }: TermEnd): void => {
    const at = now();
    if (term === self.term) self.ended = true;
    tell({ what: 'ended', key, token: term.token, kind, reason, lastCurrentAt: self.lastCurrentAt }, at);
    if (term.isCurrent()) scandal(`term ${term.token} of ${key} has ended and says that it is current`);
    if (!term.signal.aborted) scandal(`term ${term.token} of ${key} has ended before its signal aborted`);
  };
  election.on('lost', ended);
  election.on('released', ended);
  election.on('error', (error) => tell({ what: 'trouble', message: `${key}: ${String(error)}` }));
  election.standing.subscribe(({ role }) => tell({ what: 'standing', key, role }));
  return self;
}

for (const event of ['opened', 'renewed', 'jeopardy', 'secure', 'invalidated', 'closed'] as const) {
  tenure.session.on(event, (detail?: unknown) => {
    const shown = detail instanceof Error ? detail.message : JSON.stringify(detail ?? null);
    tell({ what: 'session', event, detail: shown });
  });
}

function views(): View[] {
  return [...stands].flatMap(([key, { election, term }]) =>
    term
      ? [
          {
            key,
            token: term.token,
            isCurrent: term.isCurrent(),
            hasTerm: election.term !== undefined,
            remainingMs: term.remainingMs(),
          },
        ]
      : [],
  );
}

/** The clock is read first: a process that is stopped between the two must not look as if it had read later. */
function read(): void {
  const before = readAt;
  readAt = now();
  if (msBetween(before, readAt) > plan.ttlMs / 10) {
    tell({ what: 'away', since: before, views: views() }, readAt);
    return;
  }
  for (const [key, self] of stands) {
    if (!self.term?.isCurrent()) continue;
    if (self.ended) scandal(`term ${self.term.token} of ${key} is current again after it had ended`);
    self.lastCurrentAt = readAt;
  }
}

function block(ms: number, untilFile: string): void {
  const since = now();
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (msBetween(since, now()) < ms || !existsSync(untilFile)) Atomics.wait(never, 0, 0, 20);
  const at = now();
  tell({ what: 'away', since, views: views() }, at);
  readAt = at;
}

async function close(): Promise<void> {
  closing = true;
  await tenure.close();
  clearInterval(reader);
  duty?.close();
  tell({ what: 'closed' });
  process.disconnect();
}

function follow(order: Order): void {
  if (order.order === 'block') return block(order.ms, order.untilFile);
  if (order.order === 'close') return void close();
  if (order.order === 'step') return clock?.step(order.ms);
  for (const key of order.keys) {
    const { election } = stands.get(key)!;
    switch (order.order) {
      case 'start':
        election.start();
        break;
      case 'resign':
        void election.resign();
        break;
      case 'stop':
        void election.stop();
        break;
      case 'evict':
      case 'evict by force': {
        const force = order.order === 'evict by force';
        tenure.evict(key, { force }).catch((error: unknown) => {
          tell({ what: 'trouble', message: `${order.order} ${key}: ${String(error)}` });
        });
        break;
      }
      case 'observe':
        tenure
          .observe(key)
          .subscribe((leader) => tell({ what: 'leader', key, leader: leader && shown(leader) }));
    }
  }
}

const shown = ({ id, value, token }: { id: string; value: string; token: bigint }) => ({ id, value, token });

process.on('message', follow);
// The test is gone.
process.on('disconnect', () => {
  if (!closing) process.exit(1);
});
if (plan.reads) reader = setInterval(read, READ_EVERY_MS);
tell({ what: 'ready' });
