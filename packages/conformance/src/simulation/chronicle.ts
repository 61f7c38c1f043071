import type { HistoryEvent, OfTerm, TrueMs } from '../history/event.ts';

type Untimed = HistoryEvent extends infer E
  ? E extends { readonly at: TrueMs }
    ? Omit<E, 'at'>
    : never
  : never;

/** Writes down what happened, by the true time, and counts what was made to go wrong. */
export class Chronicle {
  readonly events: HistoryEvent[] = [];
  readonly faults: Record<string, number> = {};
  readonly #now: () => TrueMs;

  constructor(now: () => TrueMs) {
    this.#now = now;
  }

  get now(): TrueMs {
    return this.#now();
  }

  tell(event: Untimed): void {
    this.events.push({ at: this.#now(), ...event });
  }

  /** What has no time of its own: it began and ended at some. */
  add(event: HistoryEvent): void {
    this.events.push(event);
  }

  scandal(message: string): void {
    this.tell({ what: 'scandal', message });
  }

  /** A fault of a single call, of which there are too many for the history. */
  count(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }
}

export const ofTerm = (
  term: { readonly key: string; readonly token: bigint },
  candidate: string,
): OfTerm => ({
  key: term.key,
  candidate,
  token: term.token,
});
