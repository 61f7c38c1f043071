/**
 * What happened, as an onlooker with one true clock saw it. Events are plain data, so that processes can send them and
 * a file can keep them; tokens go as text there.
 */

/** Milliseconds of the one clock by which all events are stamped. */
export type TrueMs = number;

interface At {
  readonly at: TrueMs;
}

/** A term, by whom it is held and for what. */
export interface OfTerm {
  readonly key: string;
  readonly candidate: string;
  readonly token: bigint;
}

/** The candidate was told that it leads. */
export interface Acquired extends At, OfTerm {
  readonly what: 'acquired';
}

/** A read said so (`isCurrent()`, `election.term`). Only the last one of a term is needed, and those that look after a pause. */
export interface SeenCurrent extends At, OfTerm {
  readonly what: 'current';
}

/** The candidate was told that its term is over. */
export interface Ended extends At, OfTerm {
  readonly what: 'ended';
  readonly kind: 'released' | 'lost';
  readonly reason: string;
}

/** The process of these candidates was killed: it tells nothing any more, and nothing is expected of it. */
export interface Died extends At {
  readonly what: 'died';
  readonly candidates: readonly string[];
}

/** The process could run nothing between the two: stopped, blocked, suspended. Told when it goes on. */
export interface Away extends At {
  readonly what: 'away';
  readonly candidates: readonly string[];
  readonly since: TrueMs;
}

/** An observer was told who leads. */
export interface Observed extends At {
  readonly what: 'observed';
  readonly observer: string;
  readonly key: string;
  readonly token: bigint | undefined;
}

/** `term.save` was called, and what came of it: `unknown` when the term ended first. */
export interface Saved extends OfTerm {
  readonly what: 'saved';
  readonly calledAt: TrueMs;
  readonly returnedAt: TrueMs;
  readonly outcome: 'ok' | 'refused' | 'unknown';
}

/**
 * An operation on a resource that the term guards. Without an answer `returnedAt` is Infinity and the outcome `unknown`:
 * it may take effect at any time, or never.
 */
export interface Operation extends OfTerm {
  readonly what: 'operation';
  /** Which resource: one history is checked for each. */
  readonly resource: string;
  readonly calledAt: TrueMs;
  readonly returnedAt: TrueMs;
  readonly call:
    | { readonly kind: 'read' }
    | { readonly kind: 'write'; readonly value: number }
    | { readonly kind: 'add'; readonly element: string };
  readonly outcome: 'ok' | 'refused' | 'unknown';
  /** What a read gave: the register's value, or the elements of the set. */
  readonly value?: number | readonly string[];
}

/** Something was made to go wrong, or right again. */
export interface Injected extends At {
  readonly what: 'fault' | 'healed';
  readonly fault: string;
  /** The store was made to break its word (flushed, restored, key deleted, evicted by force): overlaps of `keys`, of all where left out, are counted apart for so long. */
  readonly excusesMs?: number;
  readonly keys?: readonly string[];
}

/** What must never happen, whoever noticed it: an unhandled rejection, a crash, something left behind. */
export interface Scandal extends At {
  readonly what: 'scandal';
  readonly message: string;
}

export type HistoryEvent =
  | Acquired
  | SeenCurrent
  | Ended
  | Died
  | Away
  | Observed
  | Saved
  | Operation
  | Injected
  | Scandal;
