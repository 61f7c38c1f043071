import type { Bench } from './bench.ts';
import type { SuiteOptions } from './options.ts';

export interface Case {
  /** A sentence about the store. */
  readonly name: string;
  /** Options without which the case cannot be played. */
  readonly needs?: readonly (keyof SuiteOptions)[];
  readonly run: (bench: Bench) => Promise<void>;
  /** It counts what the process has open, so nothing else may run beside it. */
  readonly alone?: true;
}
