import type { Story } from '@tenure/conformance/simulation';

/** What is kept of a history. */
export interface Digest {
  readonly seed: number;
  readonly terms: number;
  readonly virtualMs: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly longestWithoutLeaderMs: number;
  readonly leaderWithinMs: number;
  readonly excusedOverlaps: number;
  readonly longestExcusedMs: number;
  readonly unfencedAnomalies: number;
  readonly fencedOperations: number;
  /** Writes with a token of the past that the fence has kept out. */
  readonly refused: number;
  /** One line each. */
  readonly violations: readonly string[];
}

export function digestOf({ setting, verdict, events, faults, promises, virtualMs }: Story): Digest {
  const fenced = events.flatMap((event) =>
    event.what === 'operation' && event.resource.startsWith('fenced') ? [event] : [],
  );
  return {
    seed: setting.seed,
    terms: verdict.terms,
    virtualMs,
    faults,
    longestWithoutLeaderMs: verdict.longestWithoutLeaderMs,
    leaderWithinMs: promises.leaderWithinMs,
    excusedOverlaps: verdict.excusedOverlaps,
    longestExcusedMs: verdict.longestExcusedMs,
    unfencedAnomalies: verdict.unfencedAnomalies,
    fencedOperations: fenced.length,
    refused: fenced.filter(({ outcome }) => outcome === 'refused').length,
    violations: verdict.violations.map(({ rule, text }) => `${rule}: ${text}`),
  };
}

/** Of many histories. */
export class Sum {
  histories = 0;
  terms = 0;
  virtualMs = 0;
  readonly faults = new Map<string, number>();
  readonly failed: Digest[] = [];
  excusedOverlaps = 0;
  longestExcusedMs = 0;
  unfencedAnomalies = 0;
  fencedOperations = 0;
  refused = 0;
  /** The history that came nearest to its bound. */
  slowest: Digest | undefined;

  add(digest: Digest): void {
    this.histories += 1;
    this.terms += digest.terms;
    this.virtualMs += digest.virtualMs;
    for (const [fault, count] of Object.entries(digest.faults))
      this.faults.set(fault, (this.faults.get(fault) ?? 0) + count);
    if (digest.violations.length > 0) this.failed.push(digest);
    this.excusedOverlaps += digest.excusedOverlaps;
    this.longestExcusedMs = Math.max(this.longestExcusedMs, digest.longestExcusedMs);
    this.unfencedAnomalies += digest.unfencedAnomalies;
    this.fencedOperations += digest.fencedOperations;
    this.refused += digest.refused;
    if (!this.slowest || shareOf(digest) > shareOf(this.slowest)) this.slowest = digest;
  }
}

const shareOf = ({ longestWithoutLeaderMs, leaderWithinMs }: Digest): number =>
  longestWithoutLeaderMs / leaderWithinMs;
