import type { TrueMs } from './event.ts';

/** Something that took effect at one moment between the two, or, when `returnAt` is Infinity, at any later one or never. */
export interface Interval {
  readonly callAt: TrueMs;
  readonly returnAt: TrueMs;
}

/** What the operations would do one after another. */
export interface Model<Op extends Interval, State> {
  readonly initial: State;
  /** The state after it, the same object when it changed nothing; undefined when it can't have happened in this state. */
  apply(state: State, op: Op): State | undefined;
  /** Equal for equal states. */
  key(state: State): string;
  /** Whether an operation without an answer can never take effect any more, from this state on. */
  isSpent(state: State, op: Op): boolean;
}

export interface Stuck<Op, State> {
  /** No order was found in which this one happened before it returned. */
  readonly blocker: Op;
  /** What had been called by then and was not yet done where the search came furthest, and what was done last there. */
  readonly window: readonly Op[];
  readonly state: State;
}

export type Linearization<Op, State> =
  | { readonly found: true; readonly steps: number }
  | { readonly found: false; readonly steps: number; readonly stuck: Stuck<Op, State> }
  | { readonly found: undefined; readonly steps: number };

interface Frame<State> {
  readonly state: State;
  /** All that must have happened and comes before it in the order of calls is done. */
  readonly base: number;
  readonly choices: readonly { readonly index: number; readonly after: State }[];
  next: number;
}

/**
 * Is there an order of these operations that the model allows, and in which none comes before another that had returned
 * before it was called? The search of Wing and Gong ("Testing and verifying concurrent objects", 1993), with Lowe's
 * memory of what was tried ("Testing for linearizability", 2017), as in Porcupine; without recursion. Two things keep it
 * short: what changes nothing is done as soon as it can be, which forbids nothing later, and operations without an answer
 * come last. `found` is undefined when it was given up after `maxSteps`.
 */
export function linearize<Op extends Interval, State>(
  ops: readonly Op[],
  model: Model<Op, State>,
  maxSteps = 2_000_000,
): Linearization<Op, State> {
  return new Search(ops, model).run(maxSteps);
}

class Search<Op extends Interval, State> {
  readonly #model: Model<Op, State>;
  /** First all that must have happened, then all that may have, each in the order of calls. */
  readonly #ops: readonly Op[];
  readonly #required: number;
  readonly #done: Uint8Array;
  readonly #tried = new Set<string>();
  readonly #frames: Frame<State>[] = [];
  #left: number;
  #furthest: { readonly at: TrueMs; readonly left: number; readonly stuck: Stuck<Op, State> } | undefined;

  constructor(ops: readonly Op[], model: Model<Op, State>) {
    const inOrder = ops.toSorted((a, b) => a.callAt - b.callAt);
    const required = inOrder.filter(({ returnAt }) => returnAt < Infinity);
    this.#ops = [...required, ...inOrder.filter(({ returnAt }) => returnAt === Infinity)];
    this.#required = required.length;
    this.#left = required.length;
    this.#done = new Uint8Array(ops.length);
    this.#model = model;
  }

  run(maxSteps: number): Linearization<Op, State> {
    let steps = 0;
    if (this.#left > 0) this.#open(this.#model.initial, 0);
    while (this.#left > 0) {
      const frame = this.#frames.at(-1);
      if (!frame) return { found: false, steps, stuck: this.#furthest!.stuck };
      if (frame.next > 0) this.#mark(frame.choices[frame.next - 1]!.index, 0);
      const choice = frame.choices[frame.next++];
      if (!choice) {
        this.#frames.pop();
        continue;
      }
      if (++steps > maxSteps) return { found: undefined, steps };
      this.#mark(choice.index, 1);
      this.#open(choice.after, this.#baseFrom(frame.base));
    }
    return { found: true, steps };
  }

  #mark(index: number, done: 0 | 1): void {
    this.#done[index] = done;
    if (index < this.#required) this.#left += done ? -1 : 1;
  }

  #baseFrom(index: number): number {
    let base = index;
    while (this.#done[base] && base < this.#required) base++;
    return base;
  }

  /** Two ways to the same place need not both be followed. Effects that never came and can't come any more are alike. */
  #isNew(state: State, base: number, barrier: TrueMs): boolean {
    let key = `${base} ${this.#model.key(state)}`;
    for (let index = base + 1; index < this.#required && this.#ops[index]!.callAt <= barrier; index++)
      if (this.#done[index]) key += ` ${index}`;
    for (let index = this.#required; index < this.#ops.length; index++)
      if (this.#done[index] && !this.#model.isSpent(state, this.#ops[index]!)) key += ` ${index}`;
    if (this.#tried.has(key)) return false;
    this.#tried.add(key);
    return true;
  }

  /** What must have happened and may be next: it was called before any of the others returned. */
  #minimal(base: number): { readonly indices: readonly number[]; readonly barrier: TrueMs } {
    const called: number[] = [];
    let barrier = Infinity;
    for (let index = base; index < this.#required && this.#ops[index]!.callAt <= barrier; index++) {
      if (this.#done[index]) continue;
      called.push(index);
      barrier = Math.min(barrier, this.#ops[index]!.returnAt);
    }
    return { indices: called, barrier };
  }

  #open(state: State, base: number): void {
    const { indices, barrier } = this.#minimal(base);
    if (!this.#isNew(state, base, barrier)) return;
    this.#note(state, indices, barrier);
    this.#frames.push({ state, base, choices: this.#choices(state, indices, barrier), next: 0 });
  }

  #choices(state: State, indices: readonly number[], barrier: TrueMs): Frame<State>['choices'] {
    const choices: { index: number; after: State }[] = [];
    for (const index of indices) {
      const after = this.#model.apply(state, this.#ops[index]!);
      if (after === state) return [{ index, after: state }];
      if (after !== undefined) choices.push({ index, after });
    }
    for (let index = this.#required; index < this.#ops.length; index++) {
      const op = this.#ops[index]!;
      if (op.callAt > barrier) break;
      const after = this.#done[index] ? undefined : this.#model.apply(state, op);
      if (after !== undefined && after !== state) choices.push({ index, after });
    }
    return choices;
  }

  #note(state: State, indices: readonly number[], barrier: TrueMs): void {
    const best = this.#furthest;
    if (best && (barrier < best.at || (barrier === best.at && this.#left >= best.left))) return;
    const last = this.#frames.slice(-3).map(({ choices, next }) => choices[next - 1]!.index);
    const stuck = {
      blocker: this.#ops[indices.find((index) => this.#ops[index]!.returnAt === barrier)!]!,
      window: [...last, ...indices].map((index) => this.#ops[index]!),
      state,
    };
    this.#furthest = { at: barrier, left: this.#left, stuck };
  }
}
