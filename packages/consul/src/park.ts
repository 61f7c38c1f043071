import { decodeRecord, type Held } from '@tenure/core/store';
import type { Lookout } from './lookout.ts';
import type { Pair } from './pair.ts';

/** What a claim saw that was refused: `ModifyIndex`, 0 for a key that was not there. */
export interface Cursor {
  readonly index: number;
}

/**
 * Resolves when the key is free, unless it was free already and not given out, and when it turns out to be ours: an
 * unanswered claim may be applied late.
 */
export async function park(
  lookout: Lookout,
  place: { readonly path: string; readonly session: string; readonly held: Held },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { path, session, held } = place;
  const { index } = held.cursor as Cursor;
  const mayPayOff = (pair: Pair | undefined): boolean => {
    if (pair === undefined) return index !== 0;
    if (pair.session === '') return pair.modifyIndex !== index;
    return pair.session === session && decodeRecord(pair.value)?.claimId === held.claimId;
  };
  const leaving = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: leaving.signal });
      const leave = lookout.observe(path, {
        since: index,
        seen: (pair) => {
          if (mayPayOff(pair)) resolve();
        },
        failed: reject,
      });
      leaving.signal.addEventListener('abort', leave);
    });
  } finally {
    leaving.abort();
  }
}
