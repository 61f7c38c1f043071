import type { Candidacy } from './candidacy.ts';
import type { LiveTerm, Term } from './term.ts';

/** How a piece of work settled. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/** Run it to its end, whatever that is: the key is held until it has settled (S9). */
export async function settle<T>(work: (term: Term) => Promise<T> | T, term: Term): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work(term) };
  } catch (error) {
    return { ok: false, error };
  }
}

/** @throws TermLostError when the key went before the work had settled, whatever the work says. */
export function refuseLost(outcome: Outcome<unknown>, term: LiveTerm): void {
  const { end } = term;
  if (end?.kind === 'lost' || end?.overrun) throw term.lostError(outcome.ok ? undefined : outcome.error);
}

/** It threw because it was told to stop, not because it failed. */
export const obeyed = (outcome: Outcome<unknown>, { signal }: Term): boolean =>
  !outcome.ok &&
  signal.aborted &&
  (outcome.error === signal.reason ||
    (outcome.error instanceof Error && outcome.error.name === 'AbortError'));

/** Resolves with the next term that is won; with undefined once the candidate has left. */
export function nextTerm(candidacy: Candidacy, after?: Term): Promise<LiveTerm | undefined> {
  return new Promise((resolve) => {
    const done = (term: LiveTerm | undefined): void => {
      unlisten();
      resolve(term);
    };
    const unlisten = candidacy.listen({ acquired: done, left: () => done(undefined) });
    const { term } = candidacy;
    if (term && term !== after) done(term);
    else if (candidacy.state.phase === 'idle') done(undefined);
  });
}
