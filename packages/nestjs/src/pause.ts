import { later } from '@tenure/core/store';
import type { Clock } from '@tenure/core/store';

/** Resolves after so many milliseconds, or when `signal` aborts. */
export const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.alarm(later(clock.now(), signal.aborted ? 0 : ms), done);
    signal.addEventListener('abort', done, { once: true });
  });
