import { later } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { bounded } from '../runtime/patience.ts';
import type { Holder } from '../store.ts';

/** Who holds a key, and for how long the store waits for a sign of life from it: after that nobody does. */
export interface Sight {
  readonly holder: Holder | undefined;
  /** Undefined when nobody holds it. */
  readonly expiresInMs?: number;
  /** The last token that was granted, where the store remembers it of a key that is free. */
  readonly lastToken?: bigint;
}

export interface WatchingOptions {
  readonly clock: Clock;
  /** Aborting ends the watch. */
  readonly signal: AbortSignal;
  readonly look: (signal: AbortSignal) => Promise<Sight>;
  /** Calls `changed` whenever looking again may show something new. Returns the end of that. */
  readonly listen: (changed: () => void) => () => void;
}

/** An expiry is looked at a little later than it is due, and not all the time. */
const LATE_MS = 20;
const LEAST_MS = 50;
/**
 * A look without an answer ends the watch, which the core then begins anew: an observer would otherwise show for ever
 * what was there before, and keep one of the store's connections. Longer than a store waits for the connection by which
 * it hears.
 */
const LOOK_MS = 8000;

/**
 * `Store.watch` for stores that can only be asked: looks, and looks again when something may have changed or the
 * holder should have expired. Keeps the fact that something changed, never what: a slow reader skips to the latest. A
 * free key is told again when a term has come and gone between two looks.
 * @throws what `look` throws; StoreUnavailableError when it settles too late; the signal's reason when that aborts.
 */
export async function* watching(options: WatchingOptions): AsyncGenerator<Holder | undefined> {
  const { clock, signal, look, listen } = options;
  let stale = true;
  let wake: (() => void) | undefined;
  const changed = (): void => {
    stale = true;
    wake?.();
  };
  let shown: Sight | undefined;
  let cancel: (() => void) | undefined;
  const forget = listen(changed);
  signal.addEventListener('abort', changed, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      if (!stale) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      stale = false;
      cancel?.();
      const sight = await bounded(clock, LOOK_MS, look, signal);
      const { holder, expiresInMs } = sight;
      if (expiresInMs !== undefined) {
        cancel = clock.alarm(later(clock.now(), Math.max(LEAST_MS, expiresInMs + LATE_MS)), changed);
      }
      const same =
        shown?.holder?.token === holder?.token &&
        shown?.holder?.value === holder?.value &&
        (holder || shown?.lastToken === sight.lastToken);
      if (!shown || !same) {
        shown = sight;
        yield holder;
      }
    }
  } finally {
    cancel?.();
    forget();
    signal.removeEventListener('abort', changed);
  }
}
