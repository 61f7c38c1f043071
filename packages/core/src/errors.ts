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

const BRAND = Symbol.for('@tenure/core/error');

/**
 * Every error Tenure makes on purpose. `code` is stable; `cause` is the driver's own error, where there is one.
 *
 * `instanceof` also holds for errors of another copy of this package: a store that was installed elsewhere than the core
 * has its own, and what it says for certain must not be taken for unknown.
 */
export class TenureError extends Error {
  /** What all errors of a class have in common; none for this one, which is all of them. */
  static readonly code: ErrorCode | undefined;
  override readonly name: string = 'TenureError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null || !(BRAND in value)) return false;
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    // A class that somebody derived from ours has no code of its own, and no other copy.
    if (!Object.hasOwn(this, 'code')) return false;
    return this.code === undefined || this.code === (value as Partial<TenureError>).code;
  }
}

/** A value the caller gave cannot be used; the message quotes it and says what can. Nothing was sent. */
export class InvalidArgumentError extends TenureError {
  static override readonly code = 'INVALID_ARGUMENT';
  override readonly name = 'InvalidArgumentError';

  constructor(message: string, options?: ErrorOptions) {
    super(InvalidArgumentError.code, message, options);
  }
}

/** The lock was not ours within `waitMs`. `cause` is the last trouble with the store, if that was the reason. */
export class LockTimeoutError extends TenureError {
  static override readonly code = 'LOCK_TIMEOUT';
  override readonly name = 'LockTimeoutError';

  constructor(message: string, options?: ErrorOptions) {
    super(LockTimeoutError.code, message, options);
  }
}

/** The store did not answer, or not usefully: nothing is known about what it did. */
export class StoreUnavailableError extends TenureError {
  static override readonly code = 'STORE_UNAVAILABLE';
  override readonly name = 'StoreUnavailableError';

  constructor(message: string, options?: ErrorOptions) {
    super(StoreUnavailableError.code, message, options);
  }
}

/** The store knows us not, or not for this: wrong password, token or permission. Asking again does not help until someone changes that. */
export class AccessDeniedError extends TenureError {
  static override readonly code = 'ACCESS_DENIED';
  override readonly name = 'AccessDeniedError';

  constructor(message: string, options?: ErrorOptions) {
    super(AccessDeniedError.code, message, options);
  }
}

/** A record or checkpoint is larger than the store takes. Sizes are bytes of UTF-8. */
export class ValueTooLargeError extends TenureError {
  static override readonly code = 'VALUE_TOO_LARGE';
  override readonly name = 'ValueTooLargeError';
  readonly bytes: number;
  readonly maxBytes: number;

  constructor(what: string, bytes: number, maxBytes: number) {
    super(
      ValueTooLargeError.code,
      `${what} takes ${bytes} bytes, the store allows ${maxBytes}; save a reference instead`,
    );
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}

/** The tenure, lock or election was closed before this could happen. */
export class ClosedError extends TenureError {
  static override readonly code = 'CLOSED';
  override readonly name = 'ClosedError';

  constructor(message: string, options?: ErrorOptions) {
    super(ClosedError.code, message, options);
  }
}

/** A listener of ours threw. What it threw is the `cause`; it delayed nothing. */
export class ListenerError extends TenureError {
  static override readonly code = 'LISTENER_FAILED';
  override readonly name = 'ListenerError';

  constructor(what: string, cause: unknown) {
    super(ListenerError.code, `a listener of "${what}" threw: ${String(cause)}`, { cause });
  }
}

/** For stores: the store itself says that the session does not exist (any more). Definite. */
export class SessionGoneError extends TenureError {
  static override readonly code = 'SESSION_GONE';
  override readonly name = 'SessionGoneError';

  constructor(message: string, options?: ErrorOptions) {
    super(SessionGoneError.code, message, options);
  }
}

/** For stores: the store itself says that this claim does not hold the key (any more). Definite. */
export class ClaimLostError extends TenureError {
  static override readonly code = 'CLAIM_LOST';
  override readonly name = 'ClaimLostError';

  constructor(message: string, options?: ErrorOptions) {
    super(ClaimLostError.code, message, options);
  }
}

/** For stores: it is certain that nothing happened (deadlock victim, no connection yet); asking again soon is right. */
export class NotAppliedError extends TenureError {
  static override readonly code = 'NOT_APPLIED';
  override readonly name = 'NotAppliedError';

  constructor(message: string, options?: ErrorOptions) {
    super(NotAppliedError.code, message, options);
  }
}

/** What went wrong, in words, whatever was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : JSON.stringify(error);
