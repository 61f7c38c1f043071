import type { Mutation } from './mutation.ts';
import { packageNames } from './suites.ts';

/**
 * Those of the named packages and of the named rules: `redis`, `S1`, `redis S8`. Without any words, all.
 * @throws for a word that is neither
 */
export function choose(mutations: readonly Mutation[], words: readonly string[]): readonly Mutation[] {
  const packages = words.filter((word) => packageNames.some((name) => name === word));
  const rules = words.filter((word) => !packages.includes(word));
  const known = new Set(mutations.map(({ rule }) => rule));
  const stranger = rules.find((word) => !known.has(word));
  if (stranger !== undefined) {
    throw new Error(
      `"${stranger}" is neither a package (${packageNames.join(', ')}) nor a rule (${[...known].join(', ')})`,
    );
  }
  return mutations.filter(
    (mutation) =>
      (packages.length === 0 || packages.includes(mutation.package)) &&
      (rules.length === 0 || rules.includes(mutation.rule)),
  );
}
