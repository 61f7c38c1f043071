import { abortable } from './abort.ts';
import type { Claim } from './claim.ts';
import type { WatchStream } from './watch-stream.ts';

/** Where to wait: the key right before ours, and the first revision at which it may have gone. */
export interface Cursor {
  readonly predecessor: Buffer;
  readonly from: bigint;
}

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
    let watchId: number | undefined;
    const stop = (): void => {
      leave();
      if (watchId !== undefined) watches.remove(watchId);
    };
    const woken = (): void => {
      stop();
      resolve();
    };
    const leave = claim.park(woken);
    watchId = watches.add({
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
