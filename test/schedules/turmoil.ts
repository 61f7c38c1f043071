import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../servers/until.ts';
import { openVenue } from '../servers/venue.ts';
import type { VenueKind } from '../servers/venue.ts';
import { accounts, lastFired } from './ledger.ts';
import type { Account } from './ledger.ts';
import type { Plan, Telling } from './protocol.ts';
import { Replica } from './replica.ts';

const TTL_MS = 2000;
const WORK_MS = 400;
/** Between one misfortune of a leader and the next. */
const CALM_MS = { least: 1500, most: 4500 };

export interface Turmoil {
  readonly kind: VenueKind;
  readonly killed: number;
  readonly resigned: number;
  readonly accounts: readonly Account[];
  readonly violations: readonly string[];
}

/** Replicas of one program with an every-second schedule, whose leader is killed or asked to resign every few seconds. */
export async function turmoil(kind: VenueKind, ms: number, count = 5): Promise<Turmoil> {
  const venue = await openVenue(kind);
  const folder = await mkdtemp(join(tmpdir(), 'tenure-schedules-'));
  const plan: Plan = { storeUrl: venue.url(), ttlMs: TTL_MS, workMs: WORK_MS, log: join(folder, 'log') };
  await writeFile(plan.log, '');
  const violations: string[] = [];
  const replicas = new Set<Replica>();
  let leader: Replica | undefined;
  const hear = (replica: Replica, telling: Telling): void => {
    if (telling.what === 'leads') leader = replica;
    else violations.push(telling.message);
  };
  const enter = (): void => void replicas.add(new Replica(plan, hear));
  let killed = 0;
  let resigned = 0;
  try {
    for (let index = 0; index < count; index += 1) enter();
    await until('a tick has fired', async () => (await lastFired(plan.log)) || undefined);
    const endAt = Date.now() + ms;
    while (Date.now() < endAt) {
      await sleep(CALM_MS.least + Math.random() * (CALM_MS.most - CALM_MS.least));
      const victim = leader;
      if (!victim) continue;
      leader = undefined;
      if (Math.random() < 0.5) {
        victim.order('resign');
        resigned += 1;
      } else {
        await victim.kill();
        replicas.delete(victim);
        killed += 1;
        enter();
      }
    }
    const lastTick = Math.floor(Date.now() / 1000) * 1000;
    await until('the last tick has fired', async () => (await lastFired(plan.log)) >= lastTick || undefined);
    for (const replica of replicas) replica.order('close');
    await Promise.all([...replicas].map(({ ended }) => ended));
    const found = await accounts(plan.log, lastTick);
    return { kind, killed, resigned, accounts: found, violations: [...violations, ...breaches(found)] };
  } finally {
    await Promise.all([...replicas].map((replica) => replica.kill()));
    await venue.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const breaches = (found: readonly Account[]): string[] =>
  found.flatMap(({ guarantee, doubled, missed }) => {
    const [what, ticks] = guarantee === 'at-most-once' ? ['fired twice', doubled] : ['never fired', missed];
    return ticks.map((tick) => `${guarantee}: ${what}: ${new Date(tick).toISOString()}`);
  });
