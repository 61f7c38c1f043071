import type { EventEmitter } from 'eventemitter3';

/** Called with what a listener threw, or its promise rejected with. */
export type ListenerFailure = (event: string, error: unknown) => void;

/**
 * Emit so that a listener which throws, or whose promise rejects, harms neither the other listeners nor the
 * process (S10): an emitter's own `emit` would stop at the first throw and hand it to us.
 */
export function emitSafely<Events extends object, Name extends EventEmitter.EventNames<Events>>(
  emitter: EventEmitter<Events>,
  failed: ListenerFailure,
  name: Name,
  ...args: EventEmitter.EventArgs<Events, Name>
): void {
  const given: readonly unknown[] = args as unknown[];
  for (const listener of emitter.listeners(name)) {
    // Removes it only if it was added with `once`.
    emitter.removeListener(name, listener, undefined, true);
    callSafely(
      () => (listener as (...values: readonly unknown[]) => unknown)(...given),
      (error) => failed(String(name), error),
    );
  }
}

/** Run user code whose failure, now or later, concerns only `failed`. */
export function callSafely(listener: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = listener();
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}
