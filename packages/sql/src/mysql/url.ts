import { checkDelimiters, InvalidArgumentError } from '@tenure/core/store';
import { COMMON_OPTIONS } from '../options.ts';
import { numberOf, queryOptions } from '../url.ts';
import type { MysqlConnectionOptions } from './driver.ts';
import type { MysqlOptions } from './options.ts';

const LOOKS = 'like mysql://user:password@host:3306/database';
const OWN = ['maxConnections', 'pollMs'] as const;
const OURS: ReadonlySet<string> = new Set([...COMMON_OPTIONS, ...OWN]);

/** Of other drivers. This one would say no more than that it does not know them, and go on in the clear. */
const FOREIGN_TLS = /^(?:ssl-?mode|use-?ssl|tls)$/iu;

const PLACES: ReadonlySet<string> = new Set(['host', 'port', 'user', 'password', 'database', 'uri']);

/** What is ours in the query is taken out of it; the rest is for the driver, as `ssl`. @throws InvalidArgumentError */
export function optionsOfUrl(url: string): MysqlOptions {
  const parsed = parsedUrl(url);
  const ours = new URLSearchParams();
  for (const [name, value] of parsed.searchParams) if (OURS.has(name)) ours.append(name, value);
  for (const name of OURS) parsed.searchParams.delete(name);
  const shown = `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  const { common, own } = queryOptions(shown, ours, OWN);
  const [maxConnections, pollMs] = [own.get('maxConnections'), own.get('pollMs')];
  return {
    ...common,
    url: parsed.href,
    ...(pollMs === undefined ? {} : { pollMs: numberOf(shown, 'pollMs', pollMs) }),
    ...(maxConnections === undefined
      ? {}
      : { maxConnections: numberOf(shown, 'maxConnections', maxConnections) }),
  };
}

/** As the driver would understand it: parameters are its options, as JSON where they can be read so. @throws InvalidArgumentError */
export function connectionOf(url: unknown): MysqlConnectionOptions {
  const { hostname, port, username, password, pathname, searchParams } = parsedUrl(url);
  const options: Record<string, unknown> = {};
  for (const [name, value] of searchParams) {
    if (FOREIGN_TLS.test(name)) {
      throw new InvalidArgumentError(
        `the driver mysql2 knows no ${name} in a URL; write ssl={"rejectUnauthorized":true}, encoded as a parameter`,
      );
    }
    if (PLACES.has(name)) {
      throw new InvalidArgumentError(`mysql option url has a parameter ${name}; write it as ${LOOKS}`);
    }
    options[name] = jsonOr(value);
  }
  if (options['ssl'] === true) options['ssl'] = {};
  const given = {
    host: decodeURIComponent(hostname).replace(/^\[|\]$/gu, ''),
    port: port === '' ? undefined : Number(port),
    user: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    database: decodeURIComponent(pathname.slice(1)) || undefined,
  };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) options[name] = value;
  return options;
}

/** @throws InvalidArgumentError that never quotes more than the scheme: the rest may be secret. */
function parsedUrl(url: unknown): URL {
  // Not by catching what `new URL` throws: that carries the whole text.
  if (typeof url !== 'string' || !URL.canParse(url)) {
    const what = typeof url === 'string' ? 'a text that is none' : typeof url;
    throw new InvalidArgumentError(
      `mysql option url must be a URL ${LOOKS}, got ${what}; special characters in a password must be encoded, as %40 for @`,
    );
  }
  const parsed = new URL(url);
  if (!/^(?:mysql|mariadb):$/u.test(parsed.protocol) || parsed.host === '') {
    throw new InvalidArgumentError(`mysql option url must be a URL ${LOOKS}, got one of ${parsed.protocol}`);
  }
  // So that the end of a password is not taken for the path or a parameter, which are shown.
  checkDelimiters(url);
  for (const part of [parsed.hostname, parsed.username, parsed.password, parsed.pathname]) {
    if (!isEncoded(part)) {
      throw new InvalidArgumentError('mysql option url has a % that stands for no character; write %25');
    }
  }
  return parsed;
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
