/** Stable, one per class or situation; match on it rather than on a message. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'LOCK_TIMEOUT'
  | 'TERM_LOST'
  | 'STORE_UNAVAILABLE'
  | 'ACCESS_DENIED'
  | 'VALUE_TOO_LARGE'
  | 'CLOSED'
  | 'LISTENER_FAILED'
  | 'SESSION_GONE'
  | 'CLAIM_LOST'
  | 'NOT_APPLIED';

/** Every error Tenure makes on purpose. `code` is stable; `cause` is the driver's own error, where there is one. */
export class TenureError extends Error {
  override readonly name: string = 'TenureError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A value the caller gave cannot be used; the message quotes it and says what can. Nothing was sent. */
export class InvalidArgumentError extends TenureError {
  override readonly name = 'InvalidArgumentError';

  constructor(message: string, options?: ErrorOptions) {
    super('INVALID_ARGUMENT', message, options);
  }
}

/** The lock was not ours within `waitMs`. `cause` is the last trouble with the store, if that was the reason. */
export class LockTimeoutError extends TenureError {
  override readonly name = 'LockTimeoutError';

  constructor(message: string, options?: ErrorOptions) {
    super('LOCK_TIMEOUT', message, options);
  }
}

/** The store did not answer, or not usefully: nothing is known about what it did. */
export class StoreUnavailableError extends TenureError {
  override readonly name = 'StoreUnavailableError';

  constructor(message: string, options?: ErrorOptions) {
    super('STORE_UNAVAILABLE', message, options);
  }
}

/** The store knows us not, or not for this: wrong password, token or permission. Asking again does not help until someone changes that. */
export class AccessDeniedError extends TenureError {
  override readonly name = 'AccessDeniedError';

  constructor(message: string, options?: ErrorOptions) {
    super('ACCESS_DENIED', message, options);
  }
}

/** A record or checkpoint is larger than the store takes. Sizes are bytes of UTF-8. */
export class ValueTooLargeError extends TenureError {
  override readonly name = 'ValueTooLargeError';
  readonly bytes: number;
  readonly maxBytes: number;

  constructor(what: string, bytes: number, maxBytes: number) {
    super(
      'VALUE_TOO_LARGE',
      `${what} takes ${bytes} bytes, the store allows ${maxBytes}; save a reference instead`,
    );
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}

/** The tenure, lock or election was closed before this could happen. */
export class ClosedError extends TenureError {
  override readonly name = 'ClosedError';

  constructor(message: string, options?: ErrorOptions) {
    super('CLOSED', message, options);
  }
}

/** A listener of ours threw. What it threw is the `cause`; it delayed nothing. */
export class ListenerError extends TenureError {
  override readonly name = 'ListenerError';

  constructor(what: string, cause: unknown) {
    super('LISTENER_FAILED', `a listener of "${what}" threw: ${String(cause)}`, { cause });
  }
}

/** For stores: the store itself says that the session does not exist (any more). Definite. */
export class SessionGoneError extends TenureError {
  override readonly name = 'SessionGoneError';

  constructor(message: string, options?: ErrorOptions) {
    super('SESSION_GONE', message, options);
  }
}

/** For stores: the store itself says that this claim does not hold the key (any more). Definite. */
export class ClaimLostError extends TenureError {
  override readonly name = 'ClaimLostError';

  constructor(message: string, options?: ErrorOptions) {
    super('CLAIM_LOST', message, options);
  }
}

/** For stores: it is certain that nothing happened (deadlock victim, no connection yet); asking again soon is right. */
export class NotAppliedError extends TenureError {
  override readonly name = 'NotAppliedError';

  constructor(message: string, options?: ErrorOptions) {
    super('NOT_APPLIED', message, options);
  }
}

/** What went wrong, in words, whatever was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : JSON.stringify(error);
