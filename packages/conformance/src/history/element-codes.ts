import type { Operation } from './event.ts';

/**
 * A set as one number, so that a state of the search is small however large the set is. Elements that are added once at
 * most are 64 bits that look random, and a set is their exclusive or: two sets are taken for one another once in 2^64.
 * Those that several operations add are one bit each, above.
 */
export interface ElementCodes {
  of(elements: readonly string[]): bigint;
}

const WIDTH = 64n;

export function codesOf(operations: readonly Operation[]): ElementCodes {
  const adders = new Map<string, number>();
  for (const { call, outcome } of operations)
    if (call.kind === 'add' && outcome !== 'refused')
      adders.set(call.element, (adders.get(call.element) ?? 0) + 1);
  const codes = new Map<string, bigint>();
  let shared = 0n;
  const codeOf = (element: string): bigint => {
    let code = codes.get(element);
    if (code === undefined) {
      code = (adders.get(element) ?? 0) > 1 ? 1n << (WIDTH + shared++) : scattered(codes.size);
      codes.set(element, code);
    }
    return code;
  };
  return {
    of: (elements) => [...new Set(elements)].reduce((set, element) => set ^ codeOf(element), 0n),
  };
}

/** The set with what is added. What is one bit may be there already. */
export const union = (set: bigint, added: bigint): bigint =>
  added >> WIDTH > 0n ? set | added : set ^ added;

/** The elements that an operation adds, or gave. */
export const elementsIn = ({ call, value }: Operation): readonly string[] =>
  call.kind === 'add' ? [call.element] : typeof value === 'object' ? value : [];

/** SplitMix64 (Steele, Lea, Flood 2014): the same for the same history. */
function scattered(index: number): bigint {
  const seed = BigInt.asUintN(64, BigInt(index + 1) * 0x9e3779b97f4a7c15n);
  const last = mixed(mixed(seed, 30n, 0xbf58476d1ce4e5b9n), 27n, 0x94d049bb133111ebn);
  return last ^ (last >> 31n);
}

const mixed = (value: bigint, shift: bigint, factor: bigint): bigint =>
  BigInt.asUintN(64, (value ^ (value >> shift)) * factor);
