import type { OfTerm, TrueMs } from './event.ts';

/** "1234.5 ms" */
export const inMs = (ms: TrueMs): string => `${Math.round(ms * 10) / 10} ms`;

/** "a's term 7 of "job"" */
export const ofTerm = ({ candidate, token, key }: OfTerm): string =>
  `${candidate}'s term ${token} of ${JSON.stringify(key)}`;
