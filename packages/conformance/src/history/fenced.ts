import type { Operation } from './event.ts';
import { union } from './element-codes.ts';
import type { Interval, Model } from './linearize.ts';

/** An operation as the search sees it. */
export interface FencedOp extends Interval {
  readonly operation: Operation;
  /** What it adds or gave, in codes. */
  readonly elements: bigint;
}

/** A resource that looks at tokens. */
export interface Fenced {
  /** The greatest token it has seen. */
  readonly greatest: bigint;
  /** Undefined until the first write. */
  readonly value: number | undefined;
  readonly elements: bigint;
}

/**
 * Once it has seen a token it refuses all smaller ones, of reads, too. A refusal changes nothing. Before the first
 * write a read may give nothing, or 0.
 */
export const fenced: Model<FencedOp, Fenced> = {
  initial: { greatest: 0n, value: undefined, elements: 0n },
  apply(state, { operation: { token, call, value, outcome }, elements }) {
    if (outcome === 'refused') return token < state.greatest ? state : undefined;
    if (token < state.greatest) return undefined;
    const seen = token === state.greatest ? state : { ...state, greatest: token };
    switch (call.kind) {
      case 'read':
        return outcome === 'unknown' || gives(state, value, elements) ? seen : undefined;
      case 'write':
        return call.value === state.value ? seen : { ...seen, value: call.value };
      case 'add': {
        const more = union(state.elements, elements);
        return more === state.elements ? seen : { ...seen, elements: more };
      }
    }
  },
  key: ({ greatest, value, elements }) => `${greatest} ${value ?? ''} ${elements.toString(16)}`,
  isSpent: ({ greatest }, { operation }) => operation.token < greatest,
};

function gives(state: Fenced, value: Operation['value'], elements: bigint): boolean {
  if (typeof value === 'object') return elements === state.elements;
  return value === state.value || (state.value === undefined && value === 0);
}
