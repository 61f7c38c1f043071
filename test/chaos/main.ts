/** `pnpm chaos [leaders] [rounds] [etcd|consul]`: the failover tests with many leaders at once. Ends with 1 on any violation. */
import { serverOrSkip } from '../servers/availability.ts';
import type { RaftKind } from '../servers/cluster.ts';
import { blackHole } from '../failover/black-hole.ts';
import { blockedLoop, suspended } from '../failover/freeze.ts';
import { memberLoss } from '../failover/member-loss.ts';
import { summary } from '../failover/outcome.ts';
import type { Outcome } from '../failover/outcome.ts';

const LEADERS = 20;
const ROUNDS = 5;

type Fault = readonly [what: string, run: (kind: RaftKind) => Promise<Outcome>];

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const wholeNumber = (text: string | undefined, otherwise: number): number => {
  const number = Number(text ?? otherwise);
  if (!Number.isInteger(number) || number < 1) throw new Error(`expected a whole number, got "${text}"`);
  return number;
};

async function attempt(kind: RaftKind, [what, run]: Fault): Promise<Outcome> {
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

async function main([leadersArgument, roundsArgument, ...kinds]: readonly string[]): Promise<void> {
  const leaders = wholeNumber(leadersArgument, LEADERS);
  const rounds = wholeNumber(roundsArgument, ROUNDS);
  const faults: readonly Fault[] = [
    [`${leaders} leaders behind a black hole`, (kind) => blackHole(kind, leaders)],
    [`${leaders} leaders with a blocked event loop`, (kind) => blockedLoop(kind, leaders)],
    [`${leaders} leaders suspended`, (kind) => suspended(kind, leaders)],
    [`the leading server killed ${rounds} times`, (kind) => memberLoss(kind, rounds)],
  ];
  const outcomes: Outcome[] = [];
  for (const kind of ['etcd', 'consul'] as const) {
    if (kinds.length > 0 && !kinds.includes(kind)) continue;
    if (!(await serverOrSkip(kind, { own: true }))) continue;
    for (const fault of faults) outcomes.push(await attempt(kind, fault));
  }
  print(`\n${summary(outcomes)}`);
  if (outcomes.length === 0 || outcomes.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
}

await main(process.argv.slice(2));
