import { AccessDeniedError, StoreUnavailableError } from '@tenure/core';
import { NotAppliedError } from '@tenure/core/store';
import type { Finding } from '@tenure/core/store';
import { messageOf } from '../command.ts';
import { codeOf, exitCodes } from '../exit-codes.ts';
import type { Fields } from '../output.ts';

/** One thing that the doctor has found. */
export interface Diagnosis extends Finding {
  /** What was looked at: one word, for programs. */
  readonly check: string;
  /** What this means for the exit code. */
  readonly code?: number;
  /** For programs. */
  readonly fields?: Fields;
}

export const good = (check: string, text: string, fields: Fields = {}): Diagnosis => ({
  check,
  level: 'good',
  text,
  fields,
});

export const warning = (check: string, text: string, fields: Fields = {}): Diagnosis => ({
  check,
  level: 'warning',
  text,
  fields,
});

export const bad = (check: string, text: string, code: number = exitCodes.no): Diagnosis => ({
  check,
  level: 'bad',
  text,
  code,
});

/** What failed, why, and what to do. `what` begins the sentence. */
export function failed(check: string, what: string, error: unknown): Diagnosis {
  const code = codeOf(error);
  return bad(
    check,
    `${what}: ${messageOf(error)}. ${adviceFor(error)}`,
    code === exitCodes.internal ? 1 : code,
  );
}

function adviceFor(error: unknown): string {
  if (error instanceof AccessDeniedError)
    return "Check user and password of the URL, and what this user may do; the store's README lists what it needs";
  if (error instanceof StoreUnavailableError || error instanceof NotAppliedError)
    return 'Does it run, at that address and port, and does a firewall let us through?';
  return 'Elections do not work like this';
}
