import { coreBreaks } from '../mutants/breaks/core.ts';
import { breaksIn } from '../mutants/mutation.ts';
import type { Mutation } from '../mutants/mutation.ts';

/** Breaks that tests of single rules are held to, and that a whole history shows, too. */
const shared: readonly string[] = [
  'the deadline counts from the answer',
  'no drift and no margin',
  'the wall clock is not asked',
  'a read does not ask the clock',
  'a wake-up is taken for a grant',
  'a release is by key',
  'the news of a renewal is not read',
  'the store does not compare the claim',
  'an unanswered claim is followed by another one',
  'a renewal may hang for ever',
  'a claim may hang for ever',
  'a park has no ceiling',
];

const inCore = breaksIn('core');

/** What only a whole history shows. */
const own: readonly Mutation[] = [
  inCore('S1', 'a renewal without an answer counts as answered', 'session/machine.ts', [
    'return { ...state, ...given(state, event, timing, state.lapsed ? timing.backOff.downMs : undefined) };',
    "return sessionTransition(state, { type: 'renewed', at: event.at, sentAt: event.at, ttlMs: timing.ttlMs }, timing);",
  ]),
  inCore('S7', 'tokens do not always rise', 'memory/space.ts', [
    'this.#lastToken += 1n;',
    'this.#lastToken += this.#lastToken % 4n === 3n ? 0n : 1n;',
  ]),
  {
    package: 'core',
    rule: 'observers',
    what: 'an old leader is shown after a newer one',
    file: 'observe.ts',
    edits: [
      ['if (holder.token < this.#topToken) return;', ''],
      [
        'yield first && holderOf(first);',
        'const old = shown;\n        shown = first && holderOf(first);\n        yield shown;\n        if (old) yield old;',
        'memory.ts',
      ],
      ['let stale = true;', 'let stale = true;\n  let shown: Holder | undefined;', 'memory.ts'],
    ],
  },
  inCore('observers', 'a change is told once in a while only', 'memory/space.ts', [
    'for (const changed of this.#watchers.get(nameOf(key)) ?? []) changed();',
    'if (this.#lastToken % 3n === 0n) for (const changed of this.#watchers.get(nameOf(key)) ?? []) changed();',
  ]),
];

/** Taken out one at a time; a simulated history must show each. */
export const rules: readonly Mutation[] = [
  ...own,
  ...shared.map((what) => {
    const found = coreBreaks.find((mutation) => mutation.what === what);
    if (!found) throw new Error(`no break of the core is called "${what}": see test/mutants/breaks/core.ts`);
    return found;
  }),
];
