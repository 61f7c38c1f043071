import type { Bench } from './bench.ts';
import type { SuiteOptions } from './options.ts';

export interface Case {
  /** A sentence about the store. */
  readonly name: string;
  /** Options without which the case cannot be played. */
  readonly needs?: readonly (keyof SuiteOptions)[];
  readonly run: (bench: Bench) => Promise<void>;
}
