import type { Key } from '@tenure/core/store';
import type { Row } from '../database.ts';
import { textOf } from './row.ts';

/** A key as the key of a map: no name has a NUL in it. */
export const nameOf = ({ namespace, name }: Key): string => `${namespace}\0${name}`;

/** {@link nameOf} the key that a row is about. */
export const nameIn = (row: Row): string =>
  nameOf({ namespace: textOf(row, 'namespace'), name: textOf(row, 'name') });
