/**
 * A promise that rejects with the signal's reason as soon as that aborts, whatever `start` began. What `start`
 * returns ends that; it is called at most once, and only on abort.
 */
export function abortable<T>(
  signal: AbortSignal,
  start: (resolve: (value: T) => void, reject: (error: Error) => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let stop: (() => void) | undefined;
    const settle = (): void => {
      signal.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      settle();
      reject(signal.reason as Error);
      stop?.();
    };
    signal.addEventListener('abort', abort);
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    try {
      stop = start((value) => {
        settle();
        resolve(value);
      }, fail);
    } catch (error) {
      fail(error as Error);
    }
  });
}

/** What `promise` brings, unless the signal aborts first. */
export const unlessAborted = <T>(signal: AbortSignal, promise: Promise<T>): Promise<T> =>
  abortable(signal, (resolve, reject) => {
    promise.then(resolve, reject);
    return () => {};
  });
