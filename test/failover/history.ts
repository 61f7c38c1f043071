import type { Contender } from './contender.ts';
import { msBetween } from './protocol.ts';

/** One term, as its contender reported it. */
export interface Reign {
  readonly contender: Contender;
  readonly key: string;
  readonly token: bigint;
  readonly acquiredAt: bigint;
  readonly abortedAt: bigint | undefined;
  readonly endedAt: bigint | undefined;
  readonly reason: string | undefined;
  /** When it last found itself current, as far as is known; 0 if it never looked. */
  readonly lastCurrentAt: bigint;
}

/** All terms, by key and then in the order of their tokens. */
export function reignsOf(contenders: readonly Contender[]): Reign[] {
  const reigns = contenders.flatMap((contender) => {
    const aborts = byTerm(contender.of('aborted'));
    const ends = byTerm(contender.of('ended'));
    return contender.of('acquired').map(({ key, token, at }): Reign => {
      const end = ends.get(termId({ key, token }));
      return {
        contender,
        key,
        token,
        acquiredAt: at,
        abortedAt: aborts.get(termId({ key, token }))?.at,
        endedAt: end?.at,
        reason: end?.reason,
        lastCurrentAt: end?.lastCurrentAt ?? 0n,
      };
    });
  });
  return reigns.toSorted((a, b) => a.key.localeCompare(b.key) || (a.token < b.token ? -1 : 1));
}

/** Terms that nothing is known to have ended. */
export function current(reigns: readonly Reign[]): Reign[] {
  return reigns.filter(({ endedAt, contender }) => endedAt === undefined && contender.running);
}

/** One term and the next of the same key. */
export interface Handover {
  readonly from: Reign;
  readonly to: Reign;
}

export function handovers(reigns: readonly Reign[]): Handover[] {
  return reigns.slice(1).flatMap((to, index) => {
    const from = reigns[index]!;
    return from.key === to.key ? [{ from, to }] : [];
  });
}

/**
 * What no store's trouble excuses: a token that does not rise, a term that ends twice or before its signal has aborted,
 * and whatever the contenders themselves call a scandal.
 */
export function breaches(contenders: readonly Contender[]): string[] {
  const found = contenders.flatMap((contender) => contender.scandals);
  const reigns = reignsOf(contenders);
  for (const { contender, key, token, abortedAt, endedAt } of reigns) {
    const ends = contender.of('ended').filter((end) => end.key === key && end.token === token);
    if (ends.length > 1) found.push(`term ${token} of ${key} ended ${ends.length} times`);
    if (endedAt !== undefined && (abortedAt === undefined || abortedAt > endedAt))
      found.push(`term ${token} of ${key} ended before its signal had aborted`);
  }
  for (const { from, to } of handovers(reigns)) {
    const where = `${to.key}: ${to.contender.id}'s term ${to.token} began`;
    const before = `${from.contender.id}'s term ${from.token}`;
    if (to.token === from.token) found.push(`${where} with the token of ${before}`);
    if (to.acquiredAt < from.acquiredAt) found.push(`${where} before ${before}, though its token is higher`);
  }
  return found;
}

/**
 * Terms that begin before the one before them is over, which the promise forbids as long as the store keeps its word.
 * A process that does not run cannot tell of its loss in time; that counts as over if it did not run, by its own
 * report, when the next term began.
 */
export function overlaps(contenders: readonly Contender[]): string[] {
  return handovers(reignsOf(contenders)).flatMap(({ from, to }) => {
    const found: string[] = [];
    const where = `${to.key}: ${to.contender.id}'s term ${to.token} began`;
    const before = `${from.contender.id}'s term ${from.token}`;
    const lateMs = (at: bigint): string => `${msBetween(to.acquiredAt, at).toFixed(1)} ms`;
    if (from.lastCurrentAt > to.acquiredAt)
      found.push(`${where}, and ${before} was current ${lateMs(from.lastCurrentAt)} later`);
    if (from.endedAt === undefined) {
      if (from.contender.running) found.push(`${where}, and ${before} has not ended`);
    } else if (from.endedAt > to.acquiredAt && !away(from.contender, to.acquiredAt)) {
      found.push(`${where}, and ${before} ended ${lateMs(from.endedAt)} later`);
    }
    return found;
  });
}

function away(contender: Contender, moment: bigint): boolean {
  return contender.of('away').some(({ since, at }) => since <= moment && moment <= at);
}

const termId = ({ key, token }: { key: string; token: bigint }): string => `${token} ${key}`;

function byTerm<T extends { key: string; token: bigint }>(reports: readonly T[]): Map<string, T> {
  return new Map(reports.map((report) => [termId(report), report]));
}
