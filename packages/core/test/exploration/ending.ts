import type { Exploration, Model, Step, Violation } from './search.ts';

/** What it means that something, once asked for, comes about. */
export interface Ending<World, Taken extends Step<World>> {
  readonly check: string;
  /** Asks for the end: the exploration's `marks`. */
  readonly asks: (step: Taken) => boolean;
  /** Calls it off again: not followed. */
  readonly undoes: (step: Taken) => boolean;
  /** What a fair world does in the end: an answer, an alarm, work that settles. */
  readonly helps: (step: Taken) => boolean;
  readonly isDone: (world: World) => boolean;
}

export interface Ends {
  readonly violation: Violation | undefined;
  /** Worlds in which the end has been asked for and has not come. */
  readonly worlds: number;
  /** So many helpful moves at most, whatever their order, from any of them. */
  readonly bound: number;
}

/**
 * Whether every fair continuation ends. From every explored world the end is asked for; what may happen then, helpful
 * or not, is followed to its last world. From each of these every path of helpful moves must be finite and end done.
 * So a run that avoids the end needs unhelpful moves (failures, lapses, evictions) without end.
 * `most`: look at so many worlds only, which may miss a violation.
 */
export function alwaysEnds<World, Taken extends Step<World>>(
  model: Model<World, Taken>,
  explored: Exploration<World>,
  { check, undoes, helps, isDone }: Ending<World, Taken>,
  most: number = Infinity,
): Ends {
  const paths = new Map<string, { readonly world: World; readonly path: () => readonly string[] }>();
  const visit = (world: World, path: () => readonly string[]): void => {
    const key = model.keyOf(world);
    if (!paths.has(key)) paths.set(key, { world, path });
  };
  for (const { world, path } of explored.marked) visit(world, path);
  const helpful = new Map<string, readonly Taken[]>();
  for (const [key, { world, path }] of paths) {
    if (isDone(world) || helpful.size >= most) continue;
    const steps = [...model.steps(world)].filter((step) => !undoes(step));
    helpful.set(key, steps.filter(helps));
    for (const step of steps) visit(step.next, () => [...path(), step.move]);
  }
  const lengths = new Map<string, number>();
  let violation: Violation | undefined;
  /** The nearest is told. */
  const fail = (key: string, text: string): void => {
    const path = paths.get(key)?.path() ?? [];
    if (!violation || path.length < violation.path.length) violation = { check, text, path };
  };
  /** The longest path of helpful moves from here; a cycle or a dead end is a violation. */
  const lengthFrom = (key: string, trail: ReadonlyMap<string, string>): number => {
    const known = lengths.get(key);
    const steps = helpful.get(key);
    if (known !== undefined || !steps) return known ?? 0;
    lengths.set(key, 0);
    if (steps.length === 0) fail(key, 'nothing that could still happen ends it');
    let length = 0;
    for (const step of steps) {
      const next = model.keyOf(step.next);
      const here = new Map(trail).set(key, step.move);
      if (here.has(next)) fail(key, `it can go on for ever: ${[...here.values()].join(', ')}`);
      else length = Math.max(length, 1 + lengthFrom(next, here));
    }
    lengths.set(key, length);
    return length;
  };
  let bound = 0;
  for (const key of helpful.keys()) bound = Math.max(bound, lengthFrom(key, new Map()));
  return { violation, worlds: helpful.size, bound };
}
