import { setMaxListeners } from 'node:events';

/** A signal for many requests at once, which Node would take for a leak of listeners. */
export function crowd(signal: AbortSignal): AbortSignal {
  const all = AbortSignal.any([signal]);
  setMaxListeners(0, all);
  return all;
}
