import type { Operation, TrueMs } from './event.ts';

/** An operation, and by when it was done; Infinity where that is not known, or whether. */
export interface Timed {
  readonly operation: Operation;
  readonly returnAt: TrueMs;
}

/**
 * What is certain of operations without an answer, so that the search need not guess. One whose effect was seen, when it
 * is the only one that can have had it, was done before the answer that shows it. One whose effect nobody saw may be left
 * out, unless it could be why a smaller token was refused.
 */
export function settled(all: readonly Timed[]): Timed[] {
  const sights = sightsOf(all);
  const writers = new Map<string, number>();
  for (const { operation } of all) {
    const effect = effectOf(operation.call);
    if (effect && operation.outcome !== 'refused') writers.set(effect, (writers.get(effect) ?? 0) + 1);
  }
  const refusals = unexplained(all);
  return all.flatMap((timed): Timed[] => {
    const { call, outcome, calledAt, token } = timed.operation;
    if (outcome !== 'unknown') return [timed];
    const effect = effectOf(call);
    const seenAt = effect === undefined ? undefined : sights.get(effect);
    if (effect !== undefined && seenAt !== undefined) {
      const isCertain = writers.get(effect) === 1 && effect !== unwritten;
      return isCertain ? [{ ...timed, returnAt: Math.max(seenAt, calledAt) }] : [timed];
    }
    return refusals.some(({ operation, returnAt }) => operation.token < token && returnAt >= calledAt)
      ? [timed]
      : [];
  });
}

/** A register that was never written may give 0: seeing it proves nothing. */
const unwritten = '= 0';

/** What a later read would show. */
const effectOf = (call: Operation['call']): string | undefined =>
  call.kind === 'write' ? `= ${call.value}` : call.kind === 'add' ? `+ ${call.element}` : undefined;

/** When each effect was seen for certain, for the first time. */
function sightsOf(all: readonly Timed[]): Map<string, TrueMs> {
  const sights = new Map<string, TrueMs>();
  const see = (effect: string, at: TrueMs): void => {
    sights.set(effect, Math.min(at, sights.get(effect) ?? Infinity));
  };
  for (const { operation, returnAt } of all) {
    const { call, outcome, value } = operation;
    if (call.kind !== 'read' || outcome !== 'ok') continue;
    if (typeof value === 'number') see(`= ${value}`, returnAt);
    else for (const element of value ?? []) see(`+ ${element}`, returnAt);
  }
  return sights;
}

/** Refusals that no operation which was certainly done, and had returned before, explains. */
function unexplained(all: readonly Timed[]): Timed[] {
  const done = all
    .filter(({ operation }) => operation.outcome === 'ok')
    .toSorted((a, b) => a.returnAt - b.returnAt);
  const refused = all
    .filter(({ operation }) => operation.outcome === 'refused')
    .toSorted((a, b) => a.operation.calledAt - b.operation.calledAt);
  let greatest = -1n;
  let index = 0;
  return refused.filter(({ operation: { calledAt, token } }) => {
    for (; index < done.length && done[index]!.returnAt < calledAt; index++)
      if (done[index]!.operation.token > greatest) greatest = done[index]!.operation.token;
    return greatest <= token;
  });
}
