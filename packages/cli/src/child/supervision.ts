import { TermLostError } from '@tenure/core';
import type { EndReason, Tenure, Term } from '@tenure/core';
import type { Output } from '../output.ts';
import type { Ended, Guard } from './guard.ts';

/**
 * The store itself said that the key is not ours: somebody else may lead now, and there is no time left for a grace. A
 * term that ends as evicted was taken by force; while a holder is only asked to let go, its term goes on.
 */
const TAKEN: ReadonlySet<EndReason> = new Set([
  'session-invalidated',
  'superseded',
  'key-deleted',
  'evicted',
]);

export interface Supervision {
  readonly tenure: Tenure;
  readonly guard: Guard;
  readonly output: Output;
  readonly command: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

/** Run the command while the term lasts, and no longer. Resolves when nothing of it is left. @throws Exit */
export async function supervise(
  term: Term,
  { tenure, guard, output, command, env }: Supervision,
): Promise<Ended> {
  const { key, token, candidate, signal } = term;
  const extend = (): void => guard.extend(term);
  const end = (): void => {
    const reason: unknown = signal.reason;
    if (reason instanceof TermLostError && TAKEN.has(reason.reason)) guard.kill();
    else guard.stop();
  };
  tenure.session.on('renewed', extend);
  signal.addEventListener('abort', end, { once: true });
  try {
    const own = { TENURE_KEY: key, TENURE_TOKEN: String(token), TENURE_CANDIDATE: candidate.id };
    const started = (pid: number): void => {
      output.tell({
        event: 'started',
        text: `${command[0]} runs as process ${pid}`,
        fields: { key, token, pid },
      });
      // It may have been asked to end while it began.
      if (signal.aborted) end();
    };
    const ended = await guard.run(term, command, { ...env, ...own }, started);
    const { code, signal: by, stopped } = ended;
    output.tell({
      event: 'ended',
      text: howItEnded(ended),
      fields: { key, token, code, signal: by, stopped },
    });
    return ended;
  } finally {
    tenure.session.off('renewed', extend);
    signal.removeEventListener('abort', end);
  }
}

function howItEnded({ code, signal, stopped }: Ended): string {
  const what = signal === null ? `the command ended with ${code}` : `the command was ended by ${signal}`;
  return stopped ? `${what}, as it had to` : what;
}
