import { abortable } from './abort.ts';
import type { Claim } from './ledger.ts';
import type { WatchStream } from './watch-stream.ts';

/** Where to wait: the key right before ours, and the first revision at which it may have gone. */
export interface Cursor {
  readonly predecessor: Buffer;
  readonly from: bigint;
}

const nothing = (): void => {};

/**
 * Waits for the key right before ours to go, since nobody else's leaving changes who is first; or for our own to
 * go, after which there is nothing to wait for.
 */
export function parkBehind(
  { predecessor, from }: Cursor,
  claim: Claim,
  watches: WatchStream,
  signal: AbortSignal,
): Promise<void> {
  return abortable(signal, (resolve, reject) => {
    let unwatch = nothing;
    const stop = (): void => {
      claim.parked.delete(woken);
      unwatch();
    };
    const woken = (): void => {
      stop();
      resolve();
    };
    claim.parked.add(woken);
    unwatch = watches.add({
      key: predecessor,
      from,
      deletesOnly: true,
      events: woken,
      gap: woken,
      failed: (error) => {
        stop();
        reject(error);
      },
    });
    return stop;
  });
}
