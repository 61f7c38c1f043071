import { later } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';

/**
 * Give `work` so many milliseconds, and the caller's signal. Settles in time even if `work` never does (S3).
 * @throws StoreUnavailableError when the time is up; the signal's own reason when that aborts first.
 */
export async function bounded<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const stopped = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error), {
      once: true,
    });
  });
  const onAbort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const cancel = clock.alarm(later(clock.now(), ms), () =>
    controller.abort(new StoreUnavailableError(`the store did not answer within ${Math.round(ms)} ms`)),
  );
  try {
    return await Promise.race([work(controller.signal), stopped]);
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Resolves at the alarm; rejects with the signal's reason when that aborts first. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = clock.alarm(later(clock.now(), ms), () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Settles with the promise, or with the signal's reason if that comes first; then nobody hears of the promise any more. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  signal.throwIfAborted();
  let abort!: () => void;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
