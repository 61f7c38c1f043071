/** What a failed call means. etcd says it in gRPC status codes and, more precisely, in fixed sentences. */
import {
  AccessDeniedError,
  SessionGoneError,
  StoreUnavailableError,
  TenureError,
  ValueTooLargeError,
} from '@tenure/core/store';

const UNAVAILABLE = 14;

interface Status {
  readonly code: number | undefined;
  readonly text: string;
}

/** gRPC's own errors carry code and details; those that etcd3 made of them only the message, "14 UNAVAILABLE: …". */
function statusOf(error: unknown): Status {
  const { code, details, message } = error as { code?: unknown; details?: unknown; message?: unknown };
  if (typeof code === 'number' && typeof details === 'string') return { code, text: details };
  const said = typeof message === 'string' ? message : String(error);
  const match = /(?:^|: )(\d+) [A-Z_]+: (.*)$/su.exec(said);
  return match ? { code: Number(match[1]), text: match[2] ?? '' } : { code: undefined, text: said };
}

/** No byte of the request left this process, so asking another endpoint is no repetition. */
export function wasNotSent(error: unknown): boolean {
  return /^(?:No connection established|Name resolution failed|Channel closed before call started|Channel has been shut down)/u.test(
    statusOf(error).text,
  );
}

export const isUnavailable = (error: unknown): boolean => statusOf(error).code === UNAVAILABLE;

/** The token has expired, or users and roles were changed since. A new one helps. */
export const isStaleToken = (error: unknown): boolean =>
  /invalid auth token|revision of auth store is old|user name is empty/u.test(statusOf(error).text);

export const isAuthOff = (error: unknown): boolean =>
  statusOf(error).text.includes('authentication is not enabled');

const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;

/** It knows us, and yet answers this to nobody or to others only. An error of this store's, or its cause. */
export function isForbidden(error: unknown): boolean {
  const { code } = statusOf((error as Error).cause ?? error);
  return code === PERMISSION_DENIED || code === UNIMPLEMENTED;
}

/** Because of what it says, not of when: a part of it may be taken. An error of this store's. */
export function isRefusedAsBatch(error: unknown): boolean {
  const { code } = statusOf((error as Error).cause ?? error);
  return (
    error instanceof AccessDeniedError ||
    code === INVALID_ARGUMENT ||
    code === PERMISSION_DENIED ||
    code === RESOURCE_EXHAUSTED
  );
}

export const isLeaderless = (error: unknown): boolean =>
  statusOf((error as Error).cause ?? error).text.includes('no leader');

const isLeaseNotFound = (error: unknown): boolean =>
  statusOf(error).text.includes('requested lease not found');

export const isLeaseExists = (error: unknown): boolean =>
  statusOf(error).text.includes('lease already exists');

const DENIED =
  /invalid user ID or password|user name not found|user name is empty|permission denied|invalid auth token|auth failed/u;
const TOO_LARGE = /request is too large|larger than max/u;
const TLS = /certificate|self.signed|SSL|TLS|altnames|EPROTO|wrong version number|secure/iu;

/** `where` names what was asked of whom: "etcd at http://…: txn". */
export function storeError(error: unknown, where: string): Error {
  if (error instanceof TenureError) return error;
  const { code, text } = statusOf(error);
  // gRPC leaves room for a note that is mostly empty.
  const said = `${where}: ${text.replace(/\.? Resolution note: $/u, '')}`;
  const options = { cause: error };
  if (isLeaseNotFound(error)) return new SessionGoneError(said, options);
  if (DENIED.test(text) || code === 7 || code === 16) return new AccessDeniedError(said, options);
  if (TLS.test(text) && wasNotSent(error)) {
    return new StoreUnavailableError(
      `${said} (TLS: do the certificates in \`credentials\` and the scheme in \`hosts\` fit the server?)`,
      options,
    );
  }
  return new StoreUnavailableError(said, options);
}

/** The server may allow less than etcd does by default; what it allows it does not say. */
export function writeError(error: unknown, what: string, bytes: number): unknown {
  const { cause } = error as Error;
  const refused = cause !== undefined && TOO_LARGE.test(statusOf(cause).text);
  return refused ? new ValueTooLargeError(what, bytes, bytes - 1) : error;
}
