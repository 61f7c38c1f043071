import type { Operation } from './event.ts';

/** Adds that were acknowledged before the last read of the set was called, and are not in it. */
export interface LostAdds {
  readonly read: Operation;
  readonly adds: readonly Operation[];
}

/** The cheap look at a set: is all that was acknowledged there at the end? */
export function lostAdds(operations: readonly Operation[]): LostAdds | undefined {
  const read = lastRead(operations);
  if (typeof read?.value !== 'object') return undefined;
  const there = new Set(read.value);
  const adds = operations.filter(
    ({ call, outcome, returnedAt }) =>
      call.kind === 'add' && outcome === 'ok' && returnedAt < read.calledAt && !there.has(call.element),
  );
  return adds.length > 0 ? { read, adds } : undefined;
}

/** The last that was answered. */
export function lastRead(operations: readonly Operation[]): Operation | undefined {
  let last: Operation | undefined;
  for (const operation of operations)
    if (operation.call.kind === 'read' && operation.outcome === 'ok')
      if (!last || operation.calledAt >= last.calledAt) last = operation;
  return last;
}
