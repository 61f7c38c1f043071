/** One server in a URL: a name, an IPv4 address or an IPv6 address in brackets, and perhaps a port. */
const HOST = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/iu;

export interface UrlHost {
  /** An IPv6 address has no brackets here. */
  readonly host: string;
  readonly port?: number;
}

/** Undefined for what is no host, with a port from 1 to 65535 if any. */
export function hostIn(text: string): UrlHost | undefined {
  const { v6, name, port } = HOST.exec(text)?.groups ?? {};
  const host = v6 ?? name;
  if (host === undefined) return undefined;
  if (port === undefined) return { host };
  return Number(port) >= 1 && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined;
}

/** A URL taken apart at its delimiters, as it is written; also one that makes no sense. */
export interface UrlParts {
  readonly scheme: string;
  /** Undefined without `//`. */
  readonly authority: string | undefined;
  readonly path: string;
  /** Each as it is written, `name=value`. */
  readonly query: readonly string[];
  readonly fragment: string | undefined;
}

const PARTS =
  /^(?<scheme>[a-z][a-z\d+.-]*):(?:\/\/(?<authority>[^/?#]*))?(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$/isu;

/** Undefined for what has no scheme. */
export function partsOf(url: string): UrlParts | undefined {
  const { scheme, authority, path = '', query = '', fragment } = PARTS.exec(url)?.groups ?? {};
  if (scheme === undefined) return undefined;
  return {
    scheme: scheme.toLowerCase(),
    authority,
    path,
    query: query.split('&').filter((pair) => pair !== ''),
    fragment,
  };
}

/** Whose URLs name a file, or nothing, and no server. */
const LOCAL: ReadonlySet<string> = new Set(['sqlite', 'memory']);

export const isLocal = (scheme: string): boolean => LOCAL.has(scheme);

/** Parameters that are no secrets. Of any other, also of one that does not exist, the value is not shown. */
const SHOWN: ReadonlySet<string> = new Set([
  'namespace',
  'tls',
  'ca',
  'cert',
  'datacenter',
  'keyPrefix',
  'prefix',
  'tablePrefix',
  'schema',
  'migrate',
  'db',
  'sslmode',
  'lockDelayMs',
  'minTtlMs',
  'pollMs',
  'retainMs',
]);

/**
 * For messages and logs: `etcd://***@h1:2379/ns?token=***`. Whatever could be a user name, a password or a secret
 * parameter is left out, also where the URL is malformed: then rather too much. A word that stands where a host must
 * stand is taken for a host.
 */
export function redactUrl(url: string): string {
  const parts = typeof url === 'string' ? partsOf(url) : undefined;
  if (!parts) return '***';
  const { scheme, authority, path } = parts;
  if (isLocal(scheme) && (authority ?? '') === '') {
    return `${scheme}:${authority === undefined ? '' : '//'}${path}${tail(parts)}`;
  }
  // Without `//` what looks like the scheme may be a user name, or a password.
  if (authority === undefined) return '***';
  const at = authority.lastIndexOf('@');
  const hosts = authority.slice(at + 1);
  const isClear = hosts === '' || hosts.split(',').every((host) => hostIn(host) !== undefined);
  // A password with a raw `/`, `?` or `#` in it, or `user:password` without a host: it may end anywhere.
  const isWhole = url.lastIndexOf('@') <= url.indexOf('//') + 2 + at;
  if (!isClear || !isWhole) return `${scheme}://***`;
  return `${scheme}://${at < 0 ? '' : '***@'}${hosts}${path}${tail(parts)}`;
}

/** The same without a trace of them, for whoever has credentials of their own: `etcd://h1:2379/ns`. Empty for what is no URL. */
export function withoutCredentials(url: string): string {
  const redacted = redactUrl(url);
  const { scheme, authority, path, query } = partsOf(redacted) ?? {};
  if (scheme === undefined || authority === '***') return '';
  const pairs = (query ?? []).filter((pair) => pair !== '***' && !pair.endsWith('=***'));
  const hosts = authority === undefined ? '' : `//${authority.replace('***@', '')}`;
  return `${scheme}:${hosts}${path ?? ''}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}

function tail({ query, fragment }: UrlParts): string {
  const pairs = query.map((pair) => {
    const [name = ''] = pair.split('=', 1);
    if (name === pair) return '***';
    return SHOWN.has(name) ? pair : `${name}=***`;
  });
  return `${pairs.length === 0 ? '' : `?${pairs.join('&')}`}${fragment === undefined ? '' : '#***'}`;
}
