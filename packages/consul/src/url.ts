import {
  InvalidArgumentError,
  UrlParams,
  addressOf,
  inNamespace,
  namespaceOf,
  parseStoreUrl,
  redactUrl,
} from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import type { ConsulOptions } from './options.ts';
import { consul } from './store.ts';

const PORTS = { http: 8500, https: 8501 };

const PARAMS = [
  'namespace',
  'tls',
  'ca',
  'cert',
  'key',
  'token',
  'datacenter',
  'keyPrefix',
  'lockDelayMs',
  'minTtlMs',
] as const;

/**
 * `consul://:token@h1:8500,h2:8500/namespace?tls=true&datacenter=dc1&keyPrefix=apps/&lockDelayMs=0&minTtlMs=10000`, of
 * which all but the first host may be left out. The token may also be a parameter, `token`. The files that `ca`, `cert`
 * and `key` name are read now, and each means `tls=true`.
 * @throws InvalidArgumentError, with no token in it.
 */
export function openUrl(url: string): Store {
  const parsed = parseStoreUrl(url);
  const refuse = (why: string): never => {
    throw new InvalidArgumentError(`the store URL "${redactUrl(url)}" ${why}`);
  };
  const { scheme, username, password, hosts } = parsed;
  if (scheme !== 'consul') refuse('does not begin with consul://');
  if (hosts.length === 0) refuse('names no host: consul://host:8500');
  if (username !== undefined) {
    refuse('has a user name, which Consul has not; a token is written consul://:token@host');
  }
  const params = new UrlParams(parsed, PARAMS);
  if (password !== undefined && params.text('token') !== undefined) {
    refuse('has two tokens, one before the "@" and one as a parameter');
  }
  const files = { ca: params.file('ca'), cert: params.file('cert'), key: params.file('key') };
  const tls = defined({ ca: text(files.ca), cert: text(files.cert), key: text(files.key) });
  const named = Object.keys(tls).length > 0;
  const secure = params.flag('tls') ?? named;
  if (named && !secure) refuse('has certificates, which need tls=true');
  if ((files.cert === undefined) !== (files.key === undefined)) {
    refuse('must have both "cert" and "key", or neither');
  }
  const options: ConsulOptions = {
    addresses: hosts.map((host) =>
      secure ? `https://${addressOf(host, PORTS.https)}` : `http://${addressOf(host, PORTS.http)}`,
    ),
    ...(secure && { tls }),
    ...defined({
      token: password ?? params.text('token'),
      datacenter: params.text('datacenter'),
      keyPrefix: params.text('keyPrefix'),
      lockDelayMs: params.number('lockDelayMs'),
      minTtlMs: params.number('minTtlMs'),
    }),
  };
  return inNamespace(consul(options), namespaceOf(parsed));
}

const text = (bytes: Buffer | undefined): string | undefined => bytes?.toString('utf8');

type Defined<T> = { readonly [P in keyof T]?: Exclude<T[P], undefined> };

function defined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
}
