import { Bench } from './bench.ts';
import type { Case } from './case.ts';
import { ambiguityCases } from './cases/ambiguity.ts';
import { checkpointCases } from './cases/checkpoint.ts';
import { claimCases } from './cases/claim.ts';
import { closeCases } from './cases/close.ts';
import { evictCases } from './cases/evict.ts';
import { parkCases } from './cases/park.ts';
import { recheckCases } from './cases/recheck.ts';
import { recordCases } from './cases/record.ts';
import { releaseCases } from './cases/release.ts';
import { sessionCases } from './cases/session.ts';
import { tokenCases } from './cases/token.ts';
import { watchCases } from './cases/watch.ts';
import type { SuiteOptions } from './options.ts';

export const themes: Readonly<Record<string, readonly Case[]>> = {
  claim: claimCases,
  token: tokenCases,
  park: parkCases,
  recheck: recheckCases,
  session: sessionCases,
  release: releaseCases,
  watch: watchCases,
  record: recordCases,
  checkpoint: checkpointCases,
  evict: evictCases,
  ambiguity: ambiguityCases,
  close: closeCases,
};

/** Undefined when the case can be played. */
export function reasonToSkip({ name, needs = [] }: Case, options: SuiteOptions): string | undefined {
  const missing = needs.find((need) => options[need] === undefined);
  if (missing) return `options.${missing} is not given`;
  return options.skip?.find((skip) => skip.case === name)?.reason;
}

/** Plays a case in a namespace of its own and clears up behind it. Rejects when the store fails it. */
export async function play(each: Case, options: SuiteOptions, signal: AbortSignal): Promise<void> {
  const bench = new Bench(options, signal);
  try {
    await each.run(bench);
  } finally {
    await bench.end();
  }
}
