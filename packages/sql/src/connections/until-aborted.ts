/**
 * The work, unless one of the signals aborts first: then its reason, at once. What the work brings after that goes
 * to `late`, and an error of it to nobody.
 */
export function untilAborted<T>(
  work: Promise<T>,
  signals: readonly AbortSignal[],
  late: (value: T) => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    let aborted = false;
    const settle = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      aborted = true;
      settle();
      reject(signals.find((signal) => signal.aborted)?.reason as Error);
    };
    work.then(
      (value) => {
        if (aborted) {
          late(value);
          return;
        }
        settle();
        resolve(value);
      },
      (error: Error) => {
        if (aborted) return;
        settle();
        reject(error);
      },
    );
    for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
    if (signals.some((signal) => signal.aborted)) abort();
  });
}
