import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openVenue } from '../servers/venue.ts';
import type { Contender } from './contenders.ts';
import { operatorAt } from './operator.ts';
import { Round } from './round.ts';
import type { Finding, Ring } from './round.ts';
import type { Scenario } from './scenarios.ts';

export const TTL_MS = 3000;

/** What one library did in one scenario. */
export interface Contest {
  readonly contender: Contender;
  readonly scenario: Scenario;
  readonly findings: readonly Finding[];
  /** In the store after everybody had released and closed, and everything had had the time to run out. */
  readonly leaked: readonly string[];
}

/** On a server of its own. Every round has new processes and a lock of its own. */
export async function contest(contender: Contender, scenario: Scenario, rounds: number): Promise<Contest> {
  const venue = await openVenue(contender.kind);
  try {
    const mark = `lock-${randomUUID().slice(0, 8)}`;
    const ring: Ring = { venue, contender, operator: operatorAt(venue), ttlMs: TTL_MS, mark };
    const numbers = Array.from({ length: rounds }, (_, index) => index + 1);
    const findings: Finding[] = [];
    const size = scenario.isAlone ? 1 : rounds;
    for (let first = 0; first < rounds; first += size) {
      const batch = numbers.slice(first, first + size);
      findings.push(...(await Promise.all(batch.map((number) => played(ring, scenario, number)))));
    }
    await pause(venue.expiryMs(TTL_MS) + TTL_MS);
    return { contender, scenario, findings, leaked: await ring.operator.leftovers(mark) };
  } finally {
    await venue.close();
  }
}

async function played(ring: Ring, scenario: Scenario, number: number): Promise<Finding> {
  await using round = await Round.begin(ring, number);
  await scenario.play(round);
  return await round.end();
}
