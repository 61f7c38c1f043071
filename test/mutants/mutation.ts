import type { PackageName } from './suites.ts';

/** A rule taken out of the code: at least one test must fail without it. */
export interface Mutation {
  readonly package: PackageName;
  /** S1 to S14 of CONTRIBUTING.md, or a word for what is no safety rule of the core. */
  readonly rule: string;
  readonly what: string;
  /** Below `packages/<package>/src`. */
  readonly file: string;
  /** Each must be found exactly once, in `file` unless it names another. */
  readonly edits: readonly (readonly [from: string, to: string, file?: string])[];
  /** Part of the name of the test that is there for this. It is asked first; without it all of the package's are. */
  readonly by?: string;
}

/** A break of one place in a package. */
export type Break = (
  rule: string,
  what: string,
  file: string,
  edit: readonly [from: string, to: string],
  by?: string,
) => Mutation;

export const breaksIn =
  (home: PackageName): Break =>
  (rule, what, file, edit, by) => ({
    package: home,
    rule,
    what,
    file,
    edits: [edit],
    ...(by === undefined ? {} : { by }),
  });
