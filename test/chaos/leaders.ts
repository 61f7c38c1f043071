import { blackHole } from '../failover/black-hole.ts';
import { blockedLoop, suspended } from '../failover/freeze.ts';
import { memberLoss } from '../failover/member-loss.ts';
import { summary } from '../failover/outcome.ts';
import type { Outcome } from '../failover/outcome.ts';
import { flushed, restarted } from '../failover/restart.ts';
import { print, storesIn, wholeNumber } from './arguments.ts';
import { venueKinds, venueOrSkip } from '../servers/venue.ts';
import type { VenueKind } from '../servers/venue.ts';

const LEADERS = 20;
const ROUNDS = 5;

interface Fault {
  readonly what: string;
  /** The stores that can suffer it. */
  readonly kinds: readonly VenueKind[];
  readonly run: (kind: VenueKind) => Promise<Outcome>;
}

async function attempt(kind: VenueKind, { what, run }: Fault): Promise<Outcome> {
  const startedAt = performance.now();
  const outcome = await run(kind).catch((error: unknown): Outcome => {
    const message = error instanceof Error ? error.message : String(error);
    return { fault: what, kind, handovers: [], marginsMs: [], violations: [message] };
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  print(
    `${kind}: ${what}: ${outcome.violations.length === 0 ? 'kept its word' : 'BROKE ITS WORD'} (${seconds} s)`,
  );
  for (const violation of outcome.violations) print(`    ${violation}`);
  return outcome;
}

/** `[leaders] [rounds] [store …]`: the failover tests with many leaders at once. */
export async function leaderChaos([
  leadersArgument,
  roundsArgument,
  ...names
]: readonly string[]): Promise<boolean> {
  const kinds = storesIn(names, venueKinds);
  const leaders = wholeNumber(leadersArgument, LEADERS);
  const rounds = wholeNumber(roundsArgument, ROUNDS);
  const served = venueKinds.filter((kind) => kind !== 'sqlite');
  const raft = ['etcd', 'consul'] as const;
  const faults: readonly Fault[] = [
    {
      what: `${leaders} leaders behind a black hole`,
      kinds: venueKinds,
      run: (kind) => blackHole(kind, leaders),
    },
    {
      what: `${leaders} leaders with a blocked event loop`,
      kinds: venueKinds,
      run: (kind) => blockedLoop(kind, leaders),
    },
    { what: `${leaders} leaders suspended`, kinds: venueKinds, run: (kind) => suspended(kind, leaders) },
    {
      what: `the leading server killed ${rounds} times`,
      kinds: raft,
      run: (kind) => memberLoss(kind as (typeof raft)[number], rounds),
    },
    {
      what: `the only server killed and restarted ${rounds} times`,
      kinds: served,
      run: (kind) => restarted(kind, rounds),
    },
    { what: `the data flushed ${rounds} times`, kinds: ['redis'], run: () => flushed(rounds) },
  ];
  const outcomes: Outcome[] = [];
  for (const kind of kinds) {
    if (!(await venueOrSkip(kind))) continue;
    for (const fault of faults) if (fault.kinds.includes(kind)) outcomes.push(await attempt(kind, fault));
  }
  print(`\n${summary(outcomes)}`);
  return outcomes.length > 0 && outcomes.every(({ violations }) => violations.length === 0);
}
