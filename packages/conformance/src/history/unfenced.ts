import type { Operation } from './event.ts';
import type { History } from './history.ts';
import { lastRead, lostAdds } from './last-read.ts';

/** Updates that went wrong where nobody looked at tokens: what fencing is for. Counted, never a violation. */
export function unfencedAnomalies({ operations }: History): number {
  let count = 0;
  for (const [resource, of] of operations)
    if (resource.startsWith('unfenced'))
      count += (lostAdds(of)?.adds.length ?? 0) + doubledAdds(of) + counted(of);
  return count;
}

function doubledAdds(operations: readonly Operation[]): number {
  const value = lastRead(operations)?.value;
  return typeof value === 'object' ? value.length - new Set(value).size : 0;
}

/**
 * For counters that are read, added 1 to and written back: acknowledged increments that the last value lacks, or that
 * it has too many. Increments without an answer may be in it or not. What holds other numbers is no counter.
 */
function counted(operations: readonly Operation[]): number {
  const writes = operations.filter(({ call, outcome }) => call.kind === 'write' && outcome !== 'refused');
  const last = lastRead(operations);
  const before = writes.filter(({ calledAt }) => !last || calledAt < last.returnedAt);
  const sure = before.filter(
    ({ outcome, returnedAt }) => outcome === 'ok' && (!last || returnedAt < last.calledAt),
  );
  const final = last ? (last.value ?? 0) : Math.max(0, ...sure.map(valueOf));
  const isCounter = writes.every((write) => valueOf(write) >= 1 && valueOf(write) <= writes.length);
  if (typeof final !== 'number' || writes.length === 0 || !isCounter) return 0;
  return Math.max(0, sure.length - final, final - before.length);
}

const valueOf = ({ call }: Operation): number => (call.kind === 'write' ? call.value : 0);
