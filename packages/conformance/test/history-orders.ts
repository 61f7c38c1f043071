import type { Operation } from '@tenure/conformance/history';

/**
 * Whether any order at all explains a few operations: every one is tried, and every choice of those without an answer
 * that took effect. Written to be obviously right, to judge the search by.
 */
export function isExplained(operations: readonly Operation[]): boolean {
  const sure = operations.filter(({ outcome }) => outcome !== 'unknown');
  const unsure = operations.filter(({ outcome }) => outcome === 'unknown');
  for (let choice = 0; choice < 2 ** unsure.length; choice++) {
    const chosen = unsure.filter((_, index) => choice & (2 ** index));
    for (const order of ordersOf([...sure, ...chosen])) if (isPossible(order)) return true;
  }
  return false;
}

/** All orders in which nothing comes before what had returned when it was called. */
function* ordersOf(operations: readonly Operation[]): Generator<readonly Operation[]> {
  if (operations.length === 0) yield [];
  for (const first of operations) {
    const rest = operations.filter((operation) => operation !== first);
    if (rest.some(({ returnedAt }) => returnedAt < first.calledAt)) continue;
    for (const order of ordersOf(rest)) yield [first, ...order];
  }
}

function isPossible(order: readonly Operation[]): boolean {
  let greatest = 0n;
  let value = 0;
  const elements = new Set<string>();
  return order.every((operation) => {
    const { call, token, outcome } = operation;
    if (token < greatest) return outcome !== 'ok';
    if (outcome === 'refused') return false;
    greatest = token;
    if (call.kind === 'write') value = call.value;
    if (call.kind === 'add') elements.add(call.element);
    if (call.kind !== 'read' || outcome === 'unknown') return true;
    if (typeof operation.value !== 'object') return (operation.value ?? 0) === value;
    return (
      operation.value.length === elements.size && operation.value.every((element) => elements.has(element))
    );
  });
}
