import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import { handovers, reignsOf } from './history.ts';
import { fromLastRead } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { msBetween } from './protocol.ts';
import type { ReportOf } from './protocol.ts';
import type { VenueKind } from '../servers/venue.ts';

const REASONS = new Set(['stalled', 'expired']);

interface Ice {
  readonly fault: string;
  readonly freeze: (leader: Contender, ms: number) => void;
  readonly thaw: (leaders: readonly Contender[]) => Promise<void>;
}

/** Leaders that block their event loop for 2·TTL, and until the next leader is there. */
export async function blockedLoop(kind: VenueKind, count: number): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'tenure-blocked-'));
  const untilFile = join(folder, 'thaw');
  try {
    return await frozen(kind, count, {
      fault: 'blocked loop',
      freeze: (leader, ms) => leader.tell({ order: 'block', ms, untilFile }),
      thaw: () => writeFile(untilFile, ''),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Leaders that are stopped for 2·TTL, and until the next leader is there. */
export function suspended(kind: VenueKind, count: number): Promise<Outcome> {
  return frozen(kind, count, {
    fault: 'SIGSTOP',
    freeze: (leader) => leader.suspend(),
    thaw: async (leaders) => {
      for (const leader of leaders) leader.resume();
    },
  });
}

async function frozen(kind: VenueKind, count: number, { fault, freeze, thaw }: Ice): Promise<Outcome> {
  await using arena = await Arena.open(kind);
  const keys = Array.from({ length: count }, (_, index) => `key-${index + 1}`);
  const leaders = await arena.enter(...keys.map((key) => ({ id: `leader of ${key}`, keys: [key] })));
  const [challenger] = await arena.enter({ id: 'challenger', keys });
  await Promise.all(leaders.map((leader) => leader.lead()));
  await challenger!.follow();

  const frozenAt = process.hrtime.bigint();
  const ms = 2 * arena.ttlMs;
  for (const leader of leaders) freeze(leader, ms);
  const succeeded = Promise.all(
    keys.map((key) => challenger!.next('acquired', (report) => report.key === key)),
  );
  await pause(ms); // the fault itself
  // Who is stopped while it writes to a file keeps everybody else from writing until it goes on.
  const stuck = arena.venue.cluster ? new Promise<never>(() => {}) : pause(arena.ttlMs);
  succeeded.catch(() => {});
  await Promise.race([succeeded, stuck]);
  await thaw(leaders);
  const violations = await Promise.all(
    leaders.map(async (leader) => {
      const long = ({ since, at }: ReportOf<'away'>): boolean => msBetween(since, at) >= arena.ttlMs;
      const awake = await leader.next('away', long, frozenAt);
      await leader.next('ended');
      return firstReads(leader, awake);
    }),
  );
  await arena.led(keys);
  const changes = handovers(reignsOf(arena.contenders));
  if (changes.length !== count) violations.push([`${count} leaders, and ${changes.length} handovers`]);
  const stands = ({ role }: { role: string }): boolean => role === 'follower' || role === 'leader';
  await Promise.all(leaders.map((leader) => leader.next('standing', stands, frozenAt)));
  const marginsMs = changes.map(fromLastRead);
  return {
    fault,
    kind,
    handovers: changes,
    marginsMs,
    violations: [...violations.flat(), ...(await arena.verdict())],
  };
}

/** Before any timer or answer could tell it, every way to ask says that the term is over. */
function firstReads(leader: Contender, { views }: ReportOf<'away'>): string[] {
  const wrong = views.filter(
    ({ isCurrent, hasTerm, remainingMs }) => isCurrent || hasTerm || remainingMs !== 0,
  );
  const reasons = leader.of('ended').map(({ reason }) => reason);
  return [
    ...(views.length === 1 ? [] : [`${leader.id}: ${views.length} first reads`]),
    ...wrong.map(
      (view) => `${leader.id}: the first read said ${JSON.stringify({ ...view, token: String(view.token) })}`,
    ),
    ...reasons.filter((reason) => !REASONS.has(reason)).map((reason) => `${leader.id}: lost as ${reason}`),
  ];
}
