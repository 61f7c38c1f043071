import type { Operation, TrueMs } from './event.ts';

/**
 * What is certain of operations without an answer, so that the search need not guess. One whose effect was seen, when it
 * is the only one that can have had it, was done before the answer that shows it. One whose effect nobody saw may be left
 * out, unless it could be why a smaller token was refused.
 */
export function settled(operations: readonly Operation[]): Operation[] {
  const sights = sightsOf(operations);
  const writers = new Map<string, number>();
  for (const { call, outcome } of operations) {
    const effect = effectOf(call);
    if (effect && outcome !== 'refused') writers.set(effect, (writers.get(effect) ?? 0) + 1);
  }
  const refusals = unexplained(operations);
  return operations.flatMap((operation): Operation[] => {
    const { call, outcome, calledAt, token } = operation;
    if (outcome !== 'unknown') return [operation];
    const effect = effectOf(call);
    const seenAt = effect === undefined ? undefined : sights.get(effect);
    if (effect !== undefined && seenAt !== undefined)
      return writers.get(effect) === 1 && effect !== unwritten
        ? [{ ...operation, outcome: 'ok', returnedAt: Math.max(seenAt, calledAt) }]
        : [{ ...operation, returnedAt: Infinity }];
    const isNeeded = refusals.some((refused) => refused.token < token && refused.returnedAt >= calledAt);
    return isNeeded ? [{ ...operation, returnedAt: Infinity }] : [];
  });
}

/** A register that was never written may give 0: seeing it proves nothing. */
const unwritten = '= 0';

/** What a later read would show. */
const effectOf = (call: Operation['call']): string | undefined =>
  call.kind === 'write' ? `= ${call.value}` : call.kind === 'add' ? `+ ${call.element}` : undefined;

/** When each effect was seen for certain, for the first time. */
function sightsOf(operations: readonly Operation[]): Map<string, TrueMs> {
  const sights = new Map<string, TrueMs>();
  const see = (effect: string, at: TrueMs): void => {
    sights.set(effect, Math.min(at, sights.get(effect) ?? Infinity));
  };
  for (const { call, outcome, value, returnedAt } of operations) {
    if (call.kind !== 'read' || outcome !== 'ok') continue;
    if (typeof value === 'number') see(`= ${value}`, returnedAt);
    else for (const element of value ?? []) see(`+ ${element}`, returnedAt);
  }
  return sights;
}

/** Refusals that no operation which was certainly done, and had returned before, explains. */
function unexplained(operations: readonly Operation[]): Operation[] {
  const done = operations
    .filter(({ outcome }) => outcome === 'ok')
    .toSorted((a, b) => a.returnedAt - b.returnedAt);
  const refused = operations
    .filter(({ outcome }) => outcome === 'refused')
    .toSorted((a, b) => a.calledAt - b.calledAt);
  let greatest = -1n;
  let index = 0;
  return refused.filter(({ calledAt, token }) => {
    for (; index < done.length && done[index]!.returnedAt < calledAt; index++)
      if (done[index]!.token > greatest) greatest = done[index]!.token;
    return greatest <= token;
  });
}
