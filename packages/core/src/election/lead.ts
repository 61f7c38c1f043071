import type { Candidacy } from './candidacy.ts';
import type { Term } from './term.ts';
import { nextTerm, obeyed, refuseLost, settle } from './work.ts';

/**
 * Run `work` for each term, one at a time, holding the key until it has settled. Returns when the candidate leaves.
 * @throws what the work throws; `TermLostError` when its term was lost before it settled; the signal's own reason.
 */
export async function lead(
  candidacy: Candidacy,
  work: (term: Term) => Promise<void> | void,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const leave = (): void => void candidacy.stop();
  signal?.addEventListener('abort', leave, { once: true });
  try {
    const first = candidacy.guard();
    candidacy.start();
    let last: Term | undefined;
    for (;;) {
      const term = last ? await nextTerm(candidacy, last) : (first ?? (await nextTerm(candidacy)));
      if (!term) break;
      last = term;
      const outcome = await settle(work, term);
      candidacy.settled();
      refuseLost(outcome, term);
      if (!outcome.ok && !obeyed(outcome, term)) throw outcome.error;
    }
  } finally {
    signal?.removeEventListener('abort', leave);
    await candidacy.stop();
    candidacy.unguard();
  }
  signal?.throwIfAborted();
}
