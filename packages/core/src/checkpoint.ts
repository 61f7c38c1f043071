import type { Json } from './record.ts';
import type { Traits } from './store.ts';
import { decodeValue, encodeValue } from './value.ts';

/** What a term leaves for its successor: the value of `term.save`, and one more for each slot. */
export interface Checkpoint {
  readonly value: Json | undefined;
  readonly slots: ReadonlyMap<string, Json>;
}

const emptyCheckpoint: Checkpoint = { value: undefined, slots: new Map() };

/** Marks a value that holds slots. Without any, the store has the user's value as it is. */
const MARK = '$slots';

const isMarked = (
  value: Json | undefined,
): value is { readonly $slots: { readonly [name: string]: Json } } => {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, MARK)) return false;
  const slots = (value as { readonly [MARK]?: unknown })[MARK];
  return typeof slots === 'object' && slots !== null && !Array.isArray(slots);
};

export function decodeCheckpoint(text: string | undefined): Checkpoint {
  if (text === undefined) return emptyCheckpoint;
  const found = decodeValue(text);
  if (!isMarked(found)) return { value: found, slots: new Map() };
  const { value } = found as { readonly value?: Json };
  return { value, slots: new Map(Object.entries(found[MARK])) };
}

export const withValue = (before: Checkpoint, value: Json, slot: string | undefined): Checkpoint =>
  slot === undefined
    ? { value, slots: before.slots }
    : { value: before.value, slots: new Map(before.slots).set(slot, value) };

/** @throws ValueTooLargeError when all of it together is more than the store keeps. */
export function encodeCheckpoint({ value, slots }: Checkpoint, traits: Traits): string {
  // A user's value that looks like ours is wrapped, so that it comes back as it was.
  const plain = slots.size === 0 && !isMarked(value);
  return encodeValue('checkpoint', plain ? value : { [MARK]: Object.fromEntries(slots), value }, traits);
}
