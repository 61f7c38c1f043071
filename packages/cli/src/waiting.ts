import type { Leader } from '@tenure/core';
import { agoText } from './moment.ts';
import { printable } from './printable.ts';

/** For whom we wait, as far as it is known. */
export function waitingText(key: string, holder: Leader | undefined): string {
  const who = holder ? `, held by ${printable(holder.id)}` : '';
  const since = holder?.acquiredAt === undefined ? '' : ` since ${agoText(holder.acquiredAt)}`;
  return `waiting for "${printable(key)}"${who}${since}`;
}
