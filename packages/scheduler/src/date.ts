// The time itself comes from the clock. Dates are only what users and the ledger are given of it.
/* oxlint-disable eslint/no-restricted-globals */

/** The last instant that a Date can show. */
export const LAST_DATE_MS = 8.64e15;

/** As a user reads it. Whole milliseconds. */
export const dateOf = (wallMs: number): Date => new Date(wallMs);

/** RFC 3339 in UTC, for records that people read. */
export const rfc3339 = (wallMs: number): string => new Date(wallMs).toISOString();

/** Undefined when the text is no time. */
export function parseTime(text: unknown): number | undefined {
  const wallMs = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(wallMs) ? undefined : wallMs;
}
