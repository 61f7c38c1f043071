/** One move in a world, and the world it leads to. */
export interface Step<World> {
  /** As a person would tell it. */
  readonly move: string;
  readonly next: World;
}

/** A world that moves. Worlds are canonical: two of one key have the same future. */
export interface Model<World, Taken extends Step<World>> {
  readonly initial: World;
  keyOf(world: World): string;
  steps(world: World): Iterable<Taken>;
}

/** A named rule. What it returns is what is wrong. */
export interface Check<World, Taken extends Step<World>> {
  readonly name: string;
  readonly ofWorld?: (world: World) => string | undefined;
  readonly ofStep?: (step: Taken, before: World) => string | undefined;
}

/** The shortest path to where a rule is broken. */
export interface Violation {
  readonly check: string;
  readonly text: string;
  readonly path: readonly string[];
}

/** More worlds than any sound machine has: one whose states never repeat ends here. */
const MOST_WORLDS = 50_000;

interface Node<World> {
  readonly world: World;
  readonly move: string;
  readonly from: Node<World> | undefined;
  readonly depth: number;
}

/** Where a marked step has led to. */
interface Marked<World> {
  readonly world: World;
  readonly path: () => readonly string[];
}

export interface Exploration<World> {
  readonly worlds: readonly World[];
  readonly transitions: number;
  readonly depth: number;
  /** Nothing is left to explore: what holds here holds at any depth. */
  readonly complete: boolean;
  /** The first of each rule that was broken. */
  readonly violations: ReadonlyMap<string, Violation>;
  /** The worlds to which the steps that are asked for lead. */
  readonly marked: readonly Marked<World>[];
}

export interface Limits<Taken> {
  readonly maxDepth?: number;
  readonly marks?: (step: Taken) => boolean;
  /** Ends with the first violation of this rule. */
  readonly until?: string;
}

function pathOf<World>(node: Node<World> | undefined): readonly string[] {
  const path: string[] = [];
  for (let at = node; at?.from; at = at.from) path.unshift(at.move);
  return path;
}

/** Every world that can be reached in so many moves, nearest first, and what is wrong with it. */
export function explore<World, Taken extends Step<World>>(
  model: Model<World, Taken>,
  checks: readonly Check<World, Taken>[],
  { maxDepth = Infinity, marks, until }: Limits<Taken> = {},
): Exploration<World> {
  const first: Node<World> = { world: model.initial, move: '', from: undefined, depth: 0 };
  const nodes = new Map<string, Node<World>>([[model.keyOf(model.initial), first]]);
  const violations = new Map<string, Violation>();
  const marked = new Map<string, Marked<World>>();
  const note = (check: string, text: string | undefined, path: () => readonly string[]): void => {
    if (text !== undefined && !violations.has(check)) violations.set(check, { check, text, path: path() });
  };
  let transitions = 0;
  let depth = 0;
  let complete = until === undefined;
  // A map goes on over what is added while it is iterated: breadth first.
  for (const node of nodes.values()) {
    if (until !== undefined && violations.has(until)) break;
    for (const { name, ofWorld } of checks) note(name, ofWorld?.(node.world), () => pathOf(node));
    if (node.depth >= maxDepth || nodes.size > MOST_WORLDS) {
      complete = false;
      continue;
    }
    for (const step of model.steps(node.world)) {
      transitions += 1;
      for (const { name, ofStep } of checks)
        note(name, ofStep?.(step, node.world), () => [...pathOf(node), step.move]);
      const key = model.keyOf(step.next);
      if (marks?.(step) && !marked.has(key))
        marked.set(key, { world: step.next, path: () => [...pathOf(node), step.move] });
      if (nodes.has(key)) continue;
      depth = node.depth + 1;
      nodes.set(key, { world: step.next, move: step.move, from: node, depth });
    }
  }
  return {
    worlds: [...nodes.values()].map(({ world }) => world),
    transitions,
    depth,
    complete,
    violations,
    marked: [...marked.values()],
  };
}

/** A violation as a person reads it. */
export const told = ({ check, text, path }: Violation): string =>
  [`"${check}" is broken: ${text}`, ...path.map((move, index) => `  ${index + 1}. ${move}`)].join('\n');
