import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkHistory, writeHistory } from '@tenure/conformance/history';
import type { Verdict, Violation } from '@tenure/conformance/history';
import type { Storm } from './storm.ts';

/** Stamps of two processes of one machine may differ by so much; a process may be off its processor between a read of the clock and what it did then. */
const SLACK_MS = 5;

export interface Judged {
  readonly storm: Storm;
  readonly verdict: Verdict;
  readonly leaderWithinMs: number;
}

export function judge(storm: Storm): Judged {
  const { events, expiryMs, endAt, options } = storm;
  const { ttlMs } = options;
  // The TTL of a holder that died at the very end, as the store counts it, and the next one's claim.
  const leaderWithinMs = ttlMs + expiryMs;
  const verdict = checkHistory(events, {
    leaderWithinMs,
    toldWithinMs: ttlMs,
    disjoint: true,
    slackMs: SLACK_MS,
    stoodFor: storm.keys,
    endAt,
  });
  return { storm, verdict, leaderWithinMs };
}

/** Writes the history to a file, a line of JSON for each event, and tells where that is. */
export async function keep({ events, options }: Storm): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tenure-storm-'));
  const file = join(folder, `${options.kind}-${options.seed}.jsonl`);
  await writeFile(file, writeHistory(events));
  return file;
}

/** What a table shows of a storm. */
export function rowOf({ storm, verdict, leaderWithinMs }: Judged): Record<string, string | number> {
  const { violations } = verdict;
  const of = (rule: Violation['rule']): number => violations.filter((each) => each.rule === rule).length;
  const { kind, ms, seed } = storm.options;
  return {
    store: kind,
    seconds: Math.round(ms / 1000),
    seed,
    faults: Object.values(verdict.faults).reduce((sum, count) => sum + count, 0),
    terms: verdict.terms,
    overlaps: of('terms-disjoint'),
    excused: verdict.excusedOverlaps,
    'longest ms': Math.round(verdict.longestExcusedMs),
    'tokens back': of('tokens-rise'),
    'stale saves': of('stale-save'),
    scandals: of('scandal'),
    'writes refused': storm.lateWrites,
    fenced: of('fenced-linearizable'),
    unfenced: verdict.unfencedAnomalies,
    'leaderless ms': Math.round(verdict.longestWithoutLeaderMs),
    bound: leaderWithinMs,
    violations: violations.length,
  };
}
