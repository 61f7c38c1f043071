import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openVenue } from '../servers/venue.ts';
import type { Contender } from './contenders.ts';
import { Lag } from './lag.ts';
import { operatorAt } from './operator.ts';
import { Round } from './round.ts';
import type { Finding, Ring } from './round.ts';
import type { Scenario } from './scenarios.ts';

export const TTL_MS = 3000;
const ATTEMPTS = 3;
/** Timers that are so late make a lock that was lost in time look as if it were not: Tenure's margin is as long. */
export const BUSY_MS = TTL_MS / 10;

/** What one library did in one scenario. */
export interface Contest {
  readonly contender: Contender;
  readonly scenario: Scenario;
  readonly findings: readonly Finding[];
  /** Rounds in which the machine had too much to do. */
  readonly uncounted: number;
  /** In the store after everybody had released and closed, and everything had had the time to run out. */
  readonly leaked: readonly string[];
}

interface Busy {
  /** Timers as late as that spoil a round. */
  readonly busyMs: number;
}

/** On a server of its own. Every round has new processes and a lock of its own. */
export async function contest(
  contender: Contender,
  scenario: Scenario,
  rounds: number,
  busyMs: number = BUSY_MS,
): Promise<Contest> {
  const venue = await openVenue(contender.kind);
  try {
    const mark = `lock-${randomUUID().slice(0, 8)}`;
    const ring: Ring & Busy = { venue, contender, operator: operatorAt(venue), ttlMs: TTL_MS, mark, busyMs };
    const numbers = Array.from({ length: rounds }, (_, index) => index + 1);
    const played: (Finding | undefined)[] = [];
    const size = scenario.isAlone ? 1 : rounds;
    for (let first = 0; first < rounds; first += size) {
      const batch = numbers.slice(first, first + size);
      played.push(...(await Promise.all(batch.map((number) => play(ring, scenario, number)))));
    }
    await pause(venue.expiryMs(TTL_MS) + TTL_MS);
    const findings = played.filter((finding) => finding !== undefined);
    const leaked = await ring.operator.leftovers(mark);
    return { contender, scenario, findings, uncounted: rounds - findings.length, leaked };
  } finally {
    await venue.close();
  }
}

/** Undefined where the machine had too much to do whenever it was tried: then nobody is to blame for what was found. */
async function play(ring: Ring & Busy, scenario: Scenario, number: number): Promise<Finding | undefined> {
  let failure: unknown;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    using lag = new Lag();
    try {
      await using round = await Round.begin(ring, `${number}.${attempt}`);
      await scenario.play(round);
      const finding = await round.end();
      if (lag.worstMs < ring.busyMs) return finding;
      failure = undefined;
    } catch (error) {
      failure = lag.worstMs < ring.busyMs ? error : undefined;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}
