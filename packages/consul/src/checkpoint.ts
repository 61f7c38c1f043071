import type { Pair } from './pair.ts';

/**
 * A checkpoint as it lies in the store: `<token> <sequence>` in a first line, then the text as it was given. The line
 * tells a late duplicate of an earlier save from a newer one.
 */
export interface Checkpoint {
  readonly token: bigint;
  readonly sequence: number;
  readonly text: string;
}

export function encodeCheckpoint({ token, sequence, text }: Checkpoint): string {
  return `${token} ${sequence}\n${text}`;
}

/** What another program wrote counts as text, older than everything. */
export function decodeCheckpoint(pair: Pair | undefined): Checkpoint | undefined {
  if (pair === undefined) return undefined;
  const [line, token, sequence] = /^(\d+) (\d+)\n/u.exec(pair.value) ?? [];
  if (line === undefined) return { token: 0n, sequence: 0, text: pair.value };
  return { token: BigInt(token!), sequence: Number(sequence), text: pair.value.slice(line.length) };
}

/** Where it lies in the store's order, and how far that term has got with its own saves: sequences may begin at 0. */
export function savedIn(
  pair: Pair | undefined,
  token: bigint,
): { readonly index: number | undefined; readonly sequence: number } {
  const stored = decodeCheckpoint(pair);
  return { index: pair?.modifyIndex, sequence: stored?.token === token ? stored.sequence : -1 };
}
