/* oxlint-disable vitest/valid-title, vitest/expect-expect, vitest/no-conditional-tests -- the cases hold titles and assertions */
/**
 * The suite that every store must pass: `describeStore` from a vitest test file. What it demands is what the
 * core relies on; a store that cannot do one of these things says so with a skip and its reason.
 */
import { describe, it } from 'vitest';
import type { Case } from './case.ts';
import type { SuiteOptions } from './options.ts';
import { play, reasonToSkip, themes } from './themes.ts';

export type { RequestHint, Skip, SuiteOptions } from './options.ts';

/** Registers every case as a test. Call it at the top of a vitest test file, or inside `describe`. */
export function describeStore(name: string, options: SuiteOptions): void {
  const known = new Set(
    Object.values(themes)
      .flat()
      .map((each) => each.name),
  );
  for (const skip of options.skip ?? []) {
    if (!known.has(skip.case)) throw new Error(`no case is called "${skip.case}", so it cannot be skipped`);
  }
  const timeoutMs = 60_000 + 10 * options.ttlMs * (options.expiryFactor ?? 1);
  const register = (wanted: (each: Case) => boolean): void => {
    for (const [theme, all] of Object.entries(themes)) {
      const cases = all.filter((each) => wanted(each));
      if (cases.length === 0) continue;
      describe(theme, () => {
        for (const each of cases) {
          it(each.name, { timeout: timeoutMs }, async (test) => {
            const reason = reasonToSkip(each, options);
            if (reason !== undefined) {
              process.stdout.write(`skipped: a ${name} store ${each.name}: ${reason}\n`);
              test.skip(reason);
            }
            await play(each, options, test.signal);
          });
        }
      });
    }
  };
  if (options.wait) {
    // Virtual time is one for all.
    describe(`a ${name} store`, () => {
      register(() => true);
    });
    return;
  }
  // They wait for a server most of the time, each in a namespace of its own.
  describe.concurrent(`a ${name} store`, () => {
    register(({ alone }) => alone !== true);
  });
  describe(`a ${name} store, alone`, () => {
    register(({ alone }) => alone === true);
  });
}
