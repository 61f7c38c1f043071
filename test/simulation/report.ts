import { timeline } from '@tenure/conformance/history';
import { simulate } from '@tenure/conformance/simulation';
import { print } from '../chaos/arguments.ts';
import { table } from '../failover/table.ts';
import type { Sum } from './digest.ts';

const perCent = (part: number, whole: number): string => `${Math.round((100 * part) / whole)} %`;

export function report(sum: Sum, tookMs: number): void {
  const { slowest } = sum;
  const without = slowest
    ? `${Math.round(slowest.longestWithoutLeaderMs)} ms of ${slowest.leaderWithinMs} ms allowed (${perCent(slowest.longestWithoutLeaderMs, slowest.leaderWithinMs)}), seed ${slowest.seed}`
    : '-';
  const rows: readonly (readonly [string, string | number])[] = [
    ['histories', sum.histories],
    ['terms', sum.terms],
    ['virtual hours', (sum.virtualMs / 3_600_000).toFixed(1)],
    ['a second', (sum.histories / (tookMs / 1000)).toFixed(1)],
    ['longest without a leader after healing', without],
    [
      'overlaps that the promise excuses',
      `${sum.excusedOverlaps}, the longest ${Math.round(sum.longestExcusedMs)} ms`,
    ],
    ['operations on fenced registers', `${sum.fencedOperations}, of which refused ${sum.refused}`],
    ['unfenced counters: updates lost or doubled', sum.unfencedAnomalies],
    ['histories that broke a promise', sum.failed.length],
  ];
  const faults = [...sum.faults].toSorted(([, a], [, b]) => b - a);
  print(table(faults.map(([fault, times]) => ({ 'what went wrong': fault, times }))));
  print(`\n${table(rows.map(([what, value]) => ({ what, value: String(value) })))}`);
}

/** Plays it once more, and shows all of it. */
export async function showFailure(seed: number): Promise<void> {
  const { setting, events, verdict } = await simulate(seed);
  print(`\nseed ${seed}: ${JSON.stringify(setting)}`);
  for (const { rule, text } of verdict.violations) print(`  ${rule}: ${text}`);
  const keys = new Set(
    verdict.violations.flatMap((violation) =>
      violation.events.flatMap((event) => ('key' in event ? [event.key] : [])),
    ),
  );
  for (const key of keys) print(`\n${key}:\n${timeline(events, { key })}`);
  if (keys.size === 0) print(`\n${timeline(events)}`);
  print(`\nonce more: pnpm simulate --seed ${seed} --histories 1`);
}
