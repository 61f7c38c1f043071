/** What a failed statement means. The server says it in numbers, the driver and the network in codes. */
import {
  AccessDeniedError,
  InvalidArgumentError,
  NotAppliedError,
  StoreUnavailableError,
  TenureError,
} from '@tenure/core/store';

/** How far it got: nothing was asked yet, or something was. */
export type Stage = 'connecting' | 'asked';

/** Rolled back because of what others did: asking again soon is right. */
const ROLLED_BACK: ReadonlySet<number> = new Set([
  1020, // the record has changed since it was read
  1205, // lock wait timeout
  1213, // deadlock
  1317, // interrupted by KILL QUERY
  1969, // took longer than MariaDB's max_statement_time
  3024, // took longer than MySQL's max_execution_time
  3572, // lock is not free, with NOWAIT
]);

/** Also true of those who are locked out for now: only somebody else can change that. */
const DENIED: ReadonlySet<number> = new Set([
  1044, // to this database
  1045, // wrong password
  1049, // no such database
  1130, // from this host
  1142, // to this table
  1143, // to this column
  1227, // for this operation
  1251, // with this protocol of authentication
  1370, // to this routine
  1698, // not by password
  1820, // password must be changed first
  1862, // password has expired
  3118, // account is locked
  3159, // only over TLS
  4151, // account is locked (MariaDB)
]);

const NO_DATABASE = 1046;
const DUPLICATE = 1062;
export const NO_SUCH_TABLE = 1146;
const PACKET_TOO_LARGE = 1153;
const STATEMENT_BINLOG = 1665;

/** A column is missing, or is not as ours. */
const OTHER_TABLE: ReadonlySet<number> = new Set([1054, 1136, 1364]);
/** A name, a statement or a value that cannot be. */
const REFUSED: ReadonlySet<number> = new Set([1059, 1064, 1071, 1102, 1103, 1118, 1264, 1366, 1406]);

/** The server went away, or is no longer one that takes writes: a new connection may reach another. */
const PARTING: ReadonlySet<number> = new Set([
  1053, // shutdown
  1077,
  1080,
  1152,
  PACKET_TOO_LARGE,
  1158,
  1159,
  1160,
  1161,
  1290, // read-only
  1792, // read-only transaction
  1836, // read-only
  1927, // killed
  3169, // killed
  4031, // idle for too long
]);

/** `where` names whom was asked: "MySQL at db.example:3306/app". */
export function failure(error: unknown, where: string, stage: Stage): TenureError {
  if (error instanceof TenureError) return error;
  const number = numberOf(error);
  const { code } = error as { code?: unknown };
  const message = `${where}: ${wordsOf(error)}${typeof code === 'string' ? ` (${code})` : ''}`;
  const options = { cause: withoutSecrets(error) };
  if (number === undefined) {
    // Not a network's: the driver itself refuses what it was given.
    if (error instanceof TypeError && stage === 'connecting')
      return new InvalidArgumentError(message, options);
    return new StoreUnavailableError(message, options);
  }
  if (DENIED.has(number)) return new AccessDeniedError(message, options);
  // Too many connections, too: nothing was applied, and yet the one who wanted to renew is in jeopardy.
  if (stage === 'connecting') return new StoreUnavailableError(message, options);
  if (ROLLED_BACK.has(number)) return new NotAppliedError(message, options);
  const advice = adviceFor(number);
  if (advice !== undefined) return new InvalidArgumentError(`${message}${advice}`, options);
  return new StoreUnavailableError(message, options);
}

function adviceFor(number: number): string | undefined {
  if (number === NO_SUCH_TABLE) {
    return '. Make the tables first: call migrate() with the same options, or run the SQL that createTablesSql() gives';
  }
  if (number === NO_DATABASE) return '. Name it in the url, the connection or as schema';
  if (OTHER_TABLE.has(number)) {
    return '. The tables are not those of this version: call migrate(), or choose another tablePrefix';
  }
  if (number === PACKET_TOO_LARGE) return '. Raise max_allowed_packet on the server: 16M will do';
  if (number === STATEMENT_BINLOG) return '. Set binlog_format to ROW or MIXED on the server';
  return REFUSED.has(number) ? '' : undefined;
}

/** The row is there already. */
export const isDuplicate = (error: unknown): boolean => numberOf(error) === DUPLICATE;

export const isNoSuchTable = (error: unknown): boolean => numberOf(error) === NO_SUCH_TABLE;

/** True when the connection can be used again: the server refused the statement, and no more than that. */
export function leavesConnectionFit(error: unknown): boolean {
  if (error instanceof NotAppliedError) return true;
  const number = numberOf(error);
  return number !== undefined && !PARTING.has(number) && (error as { fatal?: unknown }).fatal !== true;
}

/** The server's own error number. Those of the network are negative, and those of the driver are texts. */
export function numberOf(error: unknown): number | undefined {
  const { errno } = error as { errno?: unknown };
  return typeof errno === 'number' && errno > 0 ? errno : undefined;
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

/** Node.js's error for a URL that is none carries all of it. */
function withoutSecrets(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('input' in error)) return error;
  return new Error(wordsOf(error));
}
