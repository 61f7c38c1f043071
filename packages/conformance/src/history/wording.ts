import type { OfTerm, Operation, TrueMs } from './event.ts';

/** "1234.5 ms" */
export const inMs = (ms: TrueMs): string => `${Math.round(ms * 10) / 10} ms`;

/** "a's term 7 of "job"" */
export const ofTerm = ({ candidate, token, key }: OfTerm): string =>
  `${candidate}'s term ${token} of ${JSON.stringify(key)}`;

/** "read = 3 by a with token 7 (10 ms to 12 ms): ok" */
export function ofOperation(operation: Operation): string {
  const { candidate, token, calledAt, returnedAt, outcome } = operation;
  const until = returnedAt === Infinity ? 'no answer' : inMs(returnedAt);
  return `${whatOf(operation)} by ${candidate} with token ${token} (${inMs(calledAt)} to ${until}): ${outcome}`;
}

/** "write 3", "add x", "read = 3" */
export function whatOf({ call, outcome, value }: Operation): string {
  switch (call.kind) {
    case 'write':
      return `write ${call.value}`;
    case 'add':
      return `add ${call.element}`;
    case 'read':
      return outcome === 'ok' ? `read = ${shown(value)}` : 'read';
  }
}

function shown(value: Operation['value']): string {
  if (typeof value !== 'object') return value === undefined ? 'nothing' : String(value);
  const more = value.length > 8 ? `, … ${value.length} in all` : '';
  return `{${value.slice(0, 8).join(', ')}${more}}`;
}
