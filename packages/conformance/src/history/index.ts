export { checkHistory } from './check.ts';
export { readHistory, writeHistory } from './text.ts';
export { timeline } from './timeline.ts';
export type { TimelineOptions } from './timeline.ts';
export type {
  Acquired,
  Away,
  Died,
  Ended,
  HistoryEvent,
  Injected,
  Observed,
  OfTerm,
  Operation,
  Saved,
  Scandal,
  SeenCurrent,
  TrueMs,
} from './event.ts';
export type { Promises, Rule, Verdict, Violation } from './verdict.ts';
