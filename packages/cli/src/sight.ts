import type { Leader } from '@tenure/core';
import { decodeRecord } from '@tenure/core/store';
import { nowText, timeOfDay } from './moment.ts';
import type { Output } from './output.ts';
import { metadataText, printable } from './printable.ts';

/** A line for who holds a key from now on. Between tabs in a pipe. */
export function tellSight(key: string, leader: Leader | undefined, output: Output): void {
  const { colors, isTerminal } = output;
  const { id, token, metadata, acquiredAt } = leader ?? {};
  // By `tenure evict`: it holds the key until its work has ended.
  const asked = leader !== undefined && decodeRecord(leader.value)?.evict === true;
  const row = {
    time: nowText(),
    key,
    leader: id ?? null,
    token: token ?? null,
    since: acquiredAt ?? null,
    metadata: metadata ?? null,
    asked,
  };
  const who = id === undefined ? colors.yellow('nobody') : colors.green(printable(id));
  const fields = [printable(key), who, token === undefined ? '' : String(token), metadataText(metadata)];
  if (asked) fields.push('asked to let go');
  const text = isTerminal
    ? [colors.dim(timeOfDay()), ...fields].filter((field) => field !== '').join('  ')
    : [row.time, ...fields].join('\t');
  output.data(row, text);
}
