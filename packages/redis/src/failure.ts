/** What a command that failed means. Redis says it in the first word of its answer, the network in codes. */
import { AccessDeniedError, NotAppliedError, StoreUnavailableError, TenureError } from '@tenure/core/store';

/** Inside a script, versions differ in their words. */
const DENIED =
  /\b(?:NOAUTH|WRONGPASS|NOPERM)\b|invalid (?:username-)?password|AUTH <password>|user executing the script can't|ACL failure in script/u;

/**
 * Refused before anything was done: the server is a replica, is loading, is at its memory limit, cannot reach its disk, or
 * is not in charge of that slot. The first write of a script is refused as the whole of it would be.
 */
const REFUSED =
  /\b(?:READONLY|LOADING|BUSY|MASTERDOWN|MISCONF|OOM|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MOVED|ASK)\b/u;

/** What the clients say of a connection that was lost before the command: nothing was sent. */
const NOT_SENT = /^(?:Stream isn't writeable|The client is (?:offline|closed)|Cluster isn't ready)/u;

/** A server that will go on refusing: a new connection may lead to the one that took over. */
const ELSEWHERE = /\b(?:READONLY|MASTERDOWN|LOADING)\b/u;

/** A server that does not know the command which logs in repeats its words, and so the password. */
const WORDS = /,? with args beginning with:[^\n]*/gu;

const plain = (text: string): string => text.replaceAll(WORDS, '');

/** What a Cluster of `ioredis` says of all its servers together means what the last of them has said. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return plain(String(error));
  const { lastNodeError } = error as { readonly lastNodeError?: unknown };
  return plain(lastNodeError instanceof Error ? `${error.message} ${lastNodeError.message}` : error.message);
}

export const isNoScript = (error: unknown): boolean => textOf(error).startsWith('NOSCRIPT');

export const wasNotSent = (error: unknown): boolean => NOT_SENT.test(textOf(error));

export const leadsElsewhere = (error: unknown): boolean => ELSEWHERE.test(textOf(error)) || wasNotSent(error);

/** Of a command that was sent. `where` names the server. */
export function failure(error: unknown, where: string): TenureError {
  if (error instanceof TenureError) return error;
  const text = textOf(error);
  const message = `${where}: ${text}`;
  const options = { cause: withoutSecrets(error) };
  if (DENIED.test(text)) return new AccessDeniedError(message, options);
  if (REFUSED.test(text)) return new NotAppliedError(message, options);
  return new StoreUnavailableError(message, options);
}

/** Of a connection that was not made: nothing was sent. */
export function connectFailure(error: unknown, where: string): TenureError {
  const text = textOf(error) || codeOf(error) || 'no connection';
  const message = `${where}: ${text}`;
  const options = { cause: withoutSecrets(error) };
  return DENIED.test(text) ? new AccessDeniedError(message, options) : new NotAppliedError(message, options);
}

const codeOf = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
};

/** The clients hang the command on it, and the one that logs in has the password among its words. */
function withoutSecrets(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error);
  const copy = new Error(plain(error.message));
  copy.name = error.name;
  if (error.stack !== undefined) copy.stack = plain(error.stack);
  return code === undefined ? copy : Object.assign(copy, { code });
}
