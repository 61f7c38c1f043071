/** What a failed statement means. PostgreSQL says it in SQLSTATE codes, the network in codes of its own. */
import {
  AccessDeniedError,
  InvalidArgumentError,
  NotAppliedError,
  StoreUnavailableError,
  TenureError,
} from '@tenure/core/store';

/** Up to where it went well: nothing was asked yet, or it was and the answer is the error, or its absence. */
export type Stage = 'connecting' | 'asked';

/** The transaction was rolled back because of what others did: asking again soon is right. */
const ROLLED_BACK: ReadonlySet<string> = new Set([
  '40001', // serialization failure
  '40P01', // deadlock
  '55P03', // lock timeout
  '57014', // statement timeout, or cancelled by hand
]);

/** No such database, no right. */
const DENIED = /^(?:28...|42501|3D000)$/u;
/** No such table or schema. */
const UNMIGRATED = /^(?:42P01|3F000)$/u;
/** A column is missing, or is of another type than ours. */
const OTHER_TABLE = /^(?:42703|42804|42P10)$/u;
/** Data that cannot be, a limit of the server, a statement that cannot be. */
const REFUSED = /^(?:22|42|54|0A)/u;

/** `where` names whom was asked: "PostgreSQL at db.example:5432/app". */
export function failure(error: unknown, where: string, stage: Stage): TenureError {
  if (error instanceof TenureError) return error;
  const code = codeOf(error);
  const sqlState = isSqlState(code) ? code : undefined;
  const message = `${where}: ${wordsOf(error)}${code === undefined ? '' : ` (${code})`}`;
  const options = { cause: withoutSecrets(error) };
  if (sqlState === undefined) {
    // The driver itself, for lack of a password.
    if (wordsOf(error).startsWith('SASL')) return new AccessDeniedError(message, options);
    return new StoreUnavailableError(message, options);
  }
  if (DENIED.test(sqlState)) return new AccessDeniedError(message, options);
  if (stage === 'connecting') return new StoreUnavailableError(message, options);
  if (ROLLED_BACK.has(sqlState)) return new NotAppliedError(message, options);
  if (UNMIGRATED.test(sqlState)) {
    return new InvalidArgumentError(
      `${message}. Make the tables first: call migrate() with the same options, or run the SQL that createTablesSql() gives`,
      options,
    );
  }
  if (OTHER_TABLE.test(sqlState)) {
    return new InvalidArgumentError(
      `${message}. The tables are not those of this version: call migrate(), or choose another tablePrefix`,
      options,
    );
  }
  if (REFUSED.test(sqlState)) return new InvalidArgumentError(message, options);
  return new StoreUnavailableError(message, options);
}

/** The connection is being closed, by the server or a pooler. */
const PARTING = /^(?:08|57P|25P03)/u;

/**
 * True when the connection can be used again: the server refused the statement, and no more than that. One to a
 * server that is read-only cannot, for a new one may reach the server that took over.
 */
export function leavesConnectionFit(error: unknown): boolean {
  const code = codeOf(error);
  return isSqlState(code) && !PARTING.test(code) && code !== '25006';
}

/** Nothing was run: what was prepared is gone, is there already, or does not fit the tables any more. */
export function isOfPreparation(error: unknown): boolean {
  const code = codeOf(error);
  return code === '26000' || code === '42P05' || code === '0A000';
}

function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

const isSqlState = (code: string | undefined): code is string =>
  code !== undefined && /^(?=.*\d)[\dA-Z]{5}$/u.test(code);

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

/** The pool's errors may carry the client, and those of URLs what was parsed: with the password in them. */
function withoutSecrets(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('client' in error || 'input' in error)) return error;
  return new Error(wordsOf(error));
}
