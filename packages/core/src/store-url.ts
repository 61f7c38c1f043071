import { InvalidArgumentError } from './errors.ts';
import { hostIn, isLocal, partsOf, redactUrl } from './redact-url.ts';
import type { UrlHost, UrlParts } from './redact-url.ts';
import type { Store } from './store.ts';

/** Holds secrets: never print it. */
export interface StoreUrl {
  /** In lower case, without the colon. */
  readonly scheme: string;
  readonly username?: string;
  readonly password?: string;
  /** As many as there are between commas; none where nothing stands after `//`, or no `//`. */
  readonly hosts: readonly UrlHost[];
  /** Percent-decoded; begins with a slash if there are hosts, unless it is empty. */
  readonly path: string;
  /** Percent-decoded. A plus sign is a plus sign, not a space: it is frequent in secrets. */
  readonly params: URLSearchParams;
}

const refusal = (url: string, why: string): InvalidArgumentError =>
  new InvalidArgumentError(`the store URL "${redactUrl(url)}" ${why}`);

/**
 * Where the parts of a URL begin and end, beyond doubt: otherwise the end of a password would be taken for a path, and
 * shown. For stores whose driver reads the URL.
 * @throws InvalidArgumentError with the URL as `redactUrl` shows it.
 */
export function checkDelimiters(url: string): UrlParts {
  const given: unknown = url;
  if (typeof given !== 'string') {
    throw new InvalidArgumentError(`a store URL is a string such as "memory:", got ${typeof given}`);
  }
  const parts = partsOf(url);
  if (!parts || /^\s|\s$/u.test(url)) {
    throw refusal(url, 'must begin with a scheme, such as etcd://, and not have spaces around it');
  }
  const { scheme, authority, fragment } = parts;
  if (fragment !== undefined) throw refusal(url, 'has a "#", which is written %23');
  if (isLocal(scheme)) {
    if ((authority ?? '') === '') return parts;
    throw refusal(
      url,
      `names a host, and ${scheme}: has none; a path is written ${scheme}:./a or ${scheme}:///a`,
    );
  }
  if (authority === undefined) throw refusal(url, `must begin with ${scheme}://`);
  if (url.lastIndexOf('@') >= url.indexOf('//') + 2 + authority.length) {
    throw refusal(
      url,
      'has an "@" behind its hosts, which is written %40; in a password "/" is %2F and "?" is %3F',
    );
  }
  return parts;
}

/**
 * `scheme://user:password@h1:2379,h2:2379/path?name=value`, or `scheme:path?name=value`: like WHATWG's URL, but with
 * several hosts, and strict. A `/`, `?`, `#`, `@`, `:` or `%` inside a part is percent-encoded.
 * @throws InvalidArgumentError with the URL as `redactUrl` shows it.
 */
export function parseStoreUrl(url: string): StoreUrl {
  const { scheme, authority = '', path, query } = checkDelimiters(url);
  const refuse = (why: string): never => {
    throw refusal(url, why);
  };
  const decode = (what: string, text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return refuse(
        `has a "%" in its ${what} that is not followed by two hex digits of UTF-8; "%" is written %25`,
      );
    }
  };
  const at = authority.lastIndexOf('@');
  const [username = '', ...rest] = authority.slice(0, Math.max(0, at)).split(':');
  const password = rest.join(':');
  const hosts = authority.slice(at + 1);
  if (hosts === '' && at >= 0) return refuse('has no host behind its "@"');
  const params = new URLSearchParams();
  for (const pair of query) {
    const equals = pair.indexOf('=');
    if (equals <= 0) return refuse('has a parameter that is not written name=value');
    params.append(decode('parameters', pair.slice(0, equals)), decode('parameters', pair.slice(equals + 1)));
  }
  return {
    scheme,
    ...(username !== '' && { username: decode('user name', username) }),
    ...(password !== '' && { password: decode('password', password) }),
    hosts:
      hosts === ''
        ? []
        : hosts
            .split(',')
            .map(
              (host) =>
                hostIn(host) ??
                refuse('has a host that is not like name:port or [IPv6]:port, with a port up to 65535'),
            ),
    path: decode('path', path),
    params,
  };
}

/** `host:port`, an IPv6 address in brackets. */
export function addressOf({ host, port }: UrlHost, defaultPort: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port ?? defaultPort}`;
}

/**
 * Everything behind the first slash of the path, further slashes too, or the parameter `namespace`. Undefined when
 * the URL names none.
 * @throws InvalidArgumentError for two different ones, and for a slash at the end, which would be another namespace.
 */
export function namespaceOf({ scheme, path, params }: StoreUrl): string | undefined {
  const inPath = path.replace(/^\//u, '');
  const given = params.get('namespace') ?? inPath;
  if (inPath !== '' && given !== inPath) {
    throw new InvalidArgumentError(
      `the ${scheme}: URL names two namespaces, "${inPath}" in its path and "${given}" as a parameter`,
    );
  }
  if (given.endsWith('/')) {
    throw new InvalidArgumentError(
      `the namespace "${given}" of the ${scheme}: URL ends in a slash; leave that out`,
    );
  }
  return given === '' ? undefined : given;
}

/** The store itself, which from now on tells a tenure that is given no namespace to use this one. */
export function inNamespace(store: Store, namespace: string | undefined): Store {
  return namespace === undefined ? store : Object.assign(store, { namespace });
}
