import type { Mutation } from './mutation.ts';
import type { Failure } from './trial.ts';

export interface Verdict {
  /** The test that told the mutant from sound code; undefined when none did. */
  readonly killer: string | undefined;
  /** Tests that failed once and not again: no proof. */
  readonly flaky: readonly string[];
}

/** Runs all tests of the mutant's package, or those whose names have `only` in them. */
export type Run = (only?: string) => Promise<readonly Failure[]>;

const names = (test: string, word: string): boolean => new RegExp(`\\b${word}\\b`, 'u').test(test);

/**
 * A mutant is killed by a test that names its rule, or is there for it, and fails by an assertion; or by any test that
 * fails twice in a row. One time-out, or one failure that does not come again, kills nothing: the machine may be busy.
 */
export async function judge({ rule, by }: Pick<Mutation, 'rule' | 'by'>, run: Run): Promise<Verdict> {
  const flaky: string[] = [];
  // First those that are meant, which takes a moment; then all.
  for (const only of [by ?? rule, undefined]) {
    const first = await run(only);
    const isMeant = (test: string): boolean => names(test, rule) || (by !== undefined && test.includes(by));
    const sharp = first.find(({ test, isAssertion }) => isAssertion && isMeant(test));
    if (sharp) return { killer: sharp.test, flaky };
    if (first.length === 0) continue;
    const second = new Set((await run(only)).map(({ test }) => test));
    const twice = first.find(({ test }) => second.has(test));
    if (twice) return { killer: twice.test, flaky };
    flaky.push(...first.map(({ test }) => test), ...second);
  }
  return { killer: undefined, flaky };
}

/** The tests that fail without any mutation, one time out of two: they prove nothing. */
export async function unsound(run: Run): Promise<ReadonlySet<string>> {
  const first = await run();
  const second = first.length === 0 ? [] : await run();
  return new Set([...first, ...second].map(({ test }) => test));
}

/** Without those tests. */
export const without =
  (tests: ReadonlySet<string>, run: Run): Run =>
  async (only) =>
    (await run(only)).filter(({ test }) => !tests.has(test));
