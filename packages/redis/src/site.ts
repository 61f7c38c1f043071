import { InvalidArgumentError, ValueTooLargeError } from '@tenure/core/store';
import type { Clock, Key } from '@tenure/core/store';
import type { Layout } from './keys.ts';
import type { Line } from './line.ts';
import type { Newsroom } from './newsroom.ts';
import type { Settings } from './options.ts';

export const MAX_VALUE_BYTES: number = 512 * 1024;

/** What everything of one store shares. */
export interface Site {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly layout: Layout;
  readonly line: Line;
  /** For claims. Where replicas are waited for, which holds a connection up, renewals have one of their own. */
  readonly claiming: Line;
  readonly newsroom: Newsroom;
  /** Aborts when the store closes. */
  readonly closing: AbortSignal;
  readonly isCluster: boolean;
  /** '1' where a script can tell how many a message reached; a Cluster's server knows only its own. */
  readonly counted: '0' | '1';
}

/** A Cluster runs a script on one slot, and that is one namespace. @throws InvalidArgumentError */
export function refuseOtherSlot({ isCluster }: Site, namespace: string, key: Key): void {
  if (!isCluster || key.namespace === namespace) return;
  throw new InvalidArgumentError(
    `in a Cluster, a session for the namespace "${namespace}" claims no key of "${key.namespace}"`,
  );
}

export function checkSize(what: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_VALUE_BYTES) throw new ValueTooLargeError(what, bytes, MAX_VALUE_BYTES);
}
