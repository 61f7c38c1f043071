import {
  AccessDeniedError,
  InvalidArgumentError,
  NotAppliedError,
  StoreUnavailableError,
  TenureError,
} from '@tenure/core/store';

/** What the core should hear of an error of the driver. Whatever failed, SQLite has rolled it back, but for an I/O error. */
export function failureOf(error: unknown, where: string): TenureError {
  if (error instanceof TenureError) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message: string };
  // libsql says why it could not open a file by SQLite's number only.
  const said = typeof code === 'string' && code !== '' ? code : (CODES.get(numberIn(message)) ?? '');
  const options = { cause: error };
  const text = `${where}: ${message}`;
  if (/^SQLITE_(?:BUSY|LOCKED)/u.test(said))
    return new NotAppliedError(`${text} (another process writes)`, options);
  if (/^SQLITE_(?:READONLY|PERM|AUTH)/u.test(said)) {
    return new AccessDeniedError(`${text}; its folder must be writable, too`, options);
  }
  if (said.startsWith('SQLITE_CANTOPEN')) {
    return new AccessDeniedError(
      `${text}: may this process read and write the file and its folder?`,
      options,
    );
  }
  if (said.startsWith('SQLITE_NOTADB')) {
    return new InvalidArgumentError(`${text}: name another file, this one is not SQLite's`, options);
  }
  if (said.startsWith('SQLITE_FULL')) return new StoreUnavailableError(`${text} (the disk is full)`, options);
  if (message.includes('no such table') || message.includes('no such column')) {
    return new InvalidArgumentError(`${text}: make the tables with migrate() of @tenure/sql/sqlite`, options);
  }
  return new StoreUnavailableError(text, options);
}

const CODES: ReadonlyMap<string, string> = new Map([
  ['5', 'SQLITE_BUSY'],
  ['8', 'SQLITE_READONLY'],
  ['14', 'SQLITE_CANTOPEN'],
  ['26', 'SQLITE_NOTADB'],
]);

const numberIn = (message: string): string => /: (\d+)"\)$/u.exec(message)?.[1] ?? '';
