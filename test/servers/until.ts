import { setTimeout as pause } from 'node:timers/promises';

export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Asks again and again until the answer is something, and gives that answer. A probe that throws counts as "not
 * yet": while a server starts, refused connections are the normal case. The last failure is the cause of the
 * error that a timeout throws.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  { timeoutMs = 30_000, everyMs = 25 }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (error instanceof GivenUp) throw error;
      failure = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms in vain until ${what}`, { cause: failure });
    }
    await pause(everyMs);
  }
}

/** Thrown by a probe when waiting any longer is useless. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}
