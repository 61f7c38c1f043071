import { checkDelimiters, InvalidArgumentError } from '@tenure/core/store';
import type { PostgresConnection } from './driver.ts';

const LOOKS = 'like postgres://user:password@host:5432/database';

/** @throws InvalidArgumentError that never quotes more than scheme, host and path: the rest may be secret. */
export function parsedUrl(url: unknown): URL {
  // Not by catching what `new URL` throws: that carries the whole text.
  if (typeof url !== 'string' || !URL.canParse(url)) {
    const what = typeof url === 'string' ? 'a text that is none' : typeof url;
    throw new InvalidArgumentError(
      `postgres option url must be a URL ${LOOKS}, got ${what}; special characters in a password must be encoded, as %40 for @`,
    );
  }
  const parsed = new URL(url);
  if (!/^postgres(?:ql)?:$/u.test(parsed.protocol)) {
    throw new InvalidArgumentError(
      `postgres option url must be a URL ${LOOKS}, got one of ${parsed.protocol}`,
    );
  }
  // So that the end of a password is not taken for the path, which is shown.
  checkDelimiters(url);
  for (const part of [parsed.username, parsed.password, parsed.pathname]) {
    if (!isEncoded(part)) {
      throw new InvalidArgumentError(
        `postgres option url has a % that stands for no character, at ${parsed.host}; write %25`,
      );
    }
  }
  return parsed;
}

/** Leaves it to the driver to understand the query, as `sslmode` and `host`. */
export function connectionOf(url: unknown): PostgresConnection {
  parsedUrl(url);
  return { connectionString: url };
}

/** For messages: without user, password and query. */
export function placeOf({ connectionString, host, port, database }: PostgresConnection): string {
  if (typeof connectionString === 'string' && URL.canParse(connectionString)) {
    const url = new URL(connectionString);
    return `${url.searchParams.get('host') ?? url.host}${url.pathname}`;
  }
  const name = database === undefined ? '' : `/${database}`;
  return `${host ?? 'localhost'}${port === undefined ? '' : `:${port}`}${name}`;
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
