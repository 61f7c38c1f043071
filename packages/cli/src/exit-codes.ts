import { constants } from 'node:os';
import { CommanderError } from 'commander';
import {
  AccessDeniedError,
  InvalidArgumentError,
  LockTimeoutError,
  StoreUnavailableError,
  TermLostError,
} from '@tenure/core';
import { NotAppliedError } from '@tenure/core/store';

/**
 * What the exit codes of `tenure` mean. Where a command is run, its own code is kept; these are out of the way of most
 * programs: they are those of `sysexits.h`, of shells and of `timeout`.
 */
export const exitCodes = {
  done: 0,
  /** What was asked for is not so: nobody holds the key to evict, or the doctor found something bad. */
  no: 1,
  usage: 64,
  unreachable: 69,
  /** Something inside `tenure` went wrong. */
  internal: 70,
  /** Somebody else holds the key. */
  notAcquired: 75,
  /** The term ended while the command ran, which was stopped. */
  lost: 76,
  denied: 77,
  cannotExecute: 126,
  notFound: 127,
} as const;

/** As shells tell it: 128 and the signal's number. */
export const codeOfSignal = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** Ends the program with this code; the message, if any, is shown first. */
export class Exit extends Error {
  override readonly name = 'Exit';
  readonly code: number;

  constructor(code: number, message = '') {
    super(message);
    this.code = code;
  }
}

/** An error of the command line itself: what was typed makes no sense. */
export class UsageError extends Exit {
  constructor(message: string) {
    super(exitCodes.usage, message);
  }
}

export function codeOf(error: unknown): number {
  if (error instanceof Exit) return error.code;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof InvalidArgumentError) return exitCodes.usage;
  if (error instanceof AccessDeniedError) return exitCodes.denied;
  if (error instanceof TermLostError) return exitCodes.lost;
  // What was not applied, for lack of a connection or of a turn, did not reach the store either.
  if (error instanceof StoreUnavailableError || error instanceof NotAppliedError)
    return exitCodes.unreachable;
  // Nobody answered, or somebody else holds it: the store's trouble is its cause.
  if (error instanceof LockTimeoutError)
    return error.cause === undefined ? exitCodes.notAcquired : codeOf(error.cause);
  return exitCodes.internal;
}
