import { ValueTooLargeError } from '@tenure/core/store';
import type { Connection } from './connection.ts';
import type { Layout } from './keys.ts';
import type { Lookout } from './lookout.ts';
import type { Settings } from './options.ts';
import type { Transactions } from './transactions.ts';

/** What everything of one store shares. */
export interface Site {
  readonly settings: Settings;
  readonly connection: Connection;
  readonly layout: Layout;
  readonly transactions: Transactions;
  readonly lookout: Lookout;
  /** When to ask again for a key that nobody holds and Consul does not give out: it does not say how long. */
  readonly delayRetryMs: number;
}

/**
 * An agent takes transactions of 512 KiB (`limits.txn_max_req_len`), in which a value takes a third more as base64,
 * beside the keys and what this package adds to a record or checkpoint.
 */
export const MAX_VALUE_BYTES = 384_000;

export function checkSize(what: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_VALUE_BYTES) throw new ValueTooLargeError(what, bytes, MAX_VALUE_BYTES);
}
