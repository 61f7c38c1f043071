import type { Ends } from './ending.ts';
import { told } from './search.ts';
import type { Exploration } from './search.ts';

/** One line, for people: how much was looked at. */
export function report(what: string, found: Exploration<unknown> | Ends): void {
  const line =
    'bound' in found
      ? `${found.worlds} states, ended in ${found.bound} helpful moves at most`
      : `${found.worlds.length} states, ${found.transitions} transitions, depth ${found.depth}, ` +
        (found.complete ? 'nothing left to explore' : 'cut off there');
  process.stdout.write(`explored ${what}: ${line}\n`);
}

/** What is wrong, with the shortest path to each. */
export function violationsOf(found: Exploration<unknown> | Ends): readonly string[] {
  if ('bound' in found) return found.violation ? [told(found.violation)] : [];
  return [...found.violations.values()].map(told);
}
