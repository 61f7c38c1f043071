/** What leaders ask of a resource, a line of JSON each. */
export type ResourceCall =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: number }
  | { readonly kind: 'add'; readonly element: string }
  /** The first half of an addition by hand: what is there now. */
  | { readonly kind: 'look' }
  /** Its second half: what was there, and the element. Whatever came in between is gone. */
  | { readonly kind: 'put'; readonly seen: number; readonly element: string };

export interface ResourceRequest {
  readonly id: string;
  readonly resource: string;
  readonly key: string;
  readonly candidate: string;
  readonly token: string;
  /** CLOCK_MONOTONIC in nanoseconds, read just before the term was asked whether it is current. */
  readonly calledAt: string;
  readonly call: ResourceCall;
}

export interface ResourceAnswer {
  readonly id: string;
  readonly outcome: 'ok' | 'refused';
  readonly value?: number;
}

/** Calls `line` with each whole line of what comes. */
export function lines(line: (text: string) => void): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) line(part);
  };
}
