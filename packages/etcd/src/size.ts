import { ValueTooLargeError } from '@tenure/core/store';

/** etcd takes requests of 1.5 MiB (`--max-request-bytes`); what is left over is for the keys in them. */
export const MAX_VALUE_BYTES = 1_500_000;

export function checkSize(what: string, value: string): number {
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_VALUE_BYTES) throw new ValueTooLargeError(what, bytes, MAX_VALUE_BYTES);
  return bytes;
}
