import { later, StoreUnavailableError } from '@tenure/core/store';
import type { Clock } from '@tenure/core/store';

/**
 * For what the store does by itself, where the core sets no time-out: gives the work a signal that aborts after `ms`,
 * or when `until` does, and waits for it.
 */
export async function withPatience<T>(
  { clock, ms, until }: { readonly clock: Clock; readonly ms: number; readonly until: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const end = (): void => over.abort(until.reason);
  const cancel = clock.alarm(later(clock.now(), ms), () =>
    over.abort(new StoreUnavailableError(`the database did not answer within ${ms} ms`)),
  );
  if (until.aborted) end();
  else until.addEventListener('abort', end, { once: true });
  try {
    return await work(over.signal);
  } finally {
    cancel();
    until.removeEventListener('abort', end);
  }
}
