import type { Key } from './store.ts';

/** A key as the key of a map. No name has a NUL in it (`checkName`). */
export const nameOf = ({ namespace, name }: Key): string => `${namespace}\0${name}`;
