import { inspect } from 'node:util';
import type Consul from 'consul';
import { InvalidArgumentError } from '@tenure/core/store';
import { isClient } from './wire.ts';

export interface ConsulTls {
  /** PEM texts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface ConsulOptions {
  /** `http://host:port`, `https://host:port` or `host:port`. Several: the next one is asked when one can't be reached. */
  readonly address?: string | readonly string[];
  /** The same as `address`. */
  readonly addresses?: string | readonly string[];
  readonly token?: string;
  readonly datacenter?: string;
  /** Before every key; empty, or a folder that ends in `/`. */
  readonly keyPrefix?: string;
  /** Makes an address without scheme an https one. */
  readonly tls?: ConsulTls;
  /**
   * How long Consul keeps a key from everybody after its holder's session ended uncleanly; at most 60 s. With the TTL, no
   * two terms overlap even when Consul ends a session that was renewed, as it may after it lost its leader.
   */
  readonly lockDelayMs?: number;
  /** What becomes of the keys of a session that ends. */
  readonly behavior?: 'release' | 'delete';
  /** Ids of health checks that end the session when they turn critical. None unless named, not even the node's own. */
  readonly checks?: readonly string[];
  /** The agents' `session_ttl_min`. */
  readonly minTtlMs?: number;
  /** To one agent, of this store, all kinds of request together. Agents allow a client address 200 unless configured. */
  readonly maxConnections?: number;
  /** A client of your own instead of `address`, `token`, `datacenter` and `tls`. */
  readonly client?: Consul;
}

export type Settings = Required<
  Omit<ConsulOptions, 'address' | 'addresses' | 'token' | 'datacenter' | 'tls' | 'client'>
> &
  Pick<ConsulOptions, 'token' | 'datacenter' | 'tls' | 'client'> & { readonly addresses: readonly string[] };

type Defaults = Required<Omit<ConsulOptions, 'addresses' | 'token' | 'datacenter' | 'tls' | 'client'>>;

/** What is left out is this. */
export const defaults: Defaults = {
  address: 'http://127.0.0.1:8500',
  keyPrefix: '',
  lockDelayMs: 0,
  behavior: 'release',
  checks: [],
  minTtlMs: 10_000,
  maxConnections: 32,
};

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.keys(defaults),
  'addresses',
  'token',
  'datacenter',
  'tls',
  'client',
]);
const KNOWN_TLS: ReadonlySet<string> = new Set(['ca', 'cert', 'key', 'rejectUnauthorized']);

export const MAX_TTL_MS: number = 24 * 60 * 60 * 1000;
const MAX_LOCK_DELAY_MS = 60_000;

/** Throws `InvalidArgumentError`, naming option and value. */
export function settingsOf(options: ConsulOptions): Settings {
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name))
      refuse(name, (options as Record<string, unknown>)[name], `one of ${[...KNOWN].join(', ')}`);
  }
  const { token, datacenter, tls, client } = options;
  const settings = { ...defaults, ...withoutUndefined(options) };
  const { keyPrefix, lockDelayMs, behavior, checks, minTtlMs, maxConnections } = settings;
  if (client !== undefined) checkClient(options);
  for (const [name, value] of Object.entries({ token, datacenter })) {
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      refuse(name, value, 'a non-empty string');
  }
  if (tls !== undefined) checkTls(tls);
  checkPrefix(keyPrefix);
  checkNumber('lockDelayMs', lockDelayMs, 0, MAX_LOCK_DELAY_MS);
  if (lockDelayMs > 0 && lockDelayMs < 1) refuse('lockDelayMs', lockDelayMs, '0 or at least 1');
  checkNumber('minTtlMs', minTtlMs, 1, MAX_TTL_MS);
  checkNumber('maxConnections', maxConnections, 4, 10_000);
  if (!Number.isInteger(maxConnections)) refuse('maxConnections', maxConnections, 'a whole number');
  if (!['release', 'delete'].includes(behavior)) refuse('behavior', behavior, "'release' or 'delete'");
  if (!isStrings(checks)) refuse('checks', checks, 'an array of check ids');
  const addresses = addressesOf(options);
  return {
    addresses,
    keyPrefix,
    lockDelayMs,
    behavior,
    checks,
    minTtlMs,
    maxConnections,
    ...withoutUndefined({ token, datacenter, tls, client }),
  };
}

function addressesOf({ address, addresses, tls }: ConsulOptions): readonly string[] {
  if (address !== undefined && addresses !== undefined)
    refuse('addresses', addresses, 'left out beside address');
  const name = addresses === undefined ? 'address' : 'addresses';
  const given: unknown = addresses ?? address ?? (tls ? '127.0.0.1:8501' : defaults.address);
  const list = typeof given === 'string' ? [given] : given;
  if (!isStrings(list) || list.length === 0) refuse(name, given, 'a string or an array of strings');
  return list.map((text) => {
    const hasScheme = text.includes('://');
    const full = hasScheme ? text : `${tls ? 'https' : 'http'}://${text}`;
    const url = URL.canParse(full) ? new URL(full) : undefined;
    if (
      url === undefined ||
      !/^https?:$/u.test(url.protocol) ||
      url.hostname === '' ||
      url.search + url.hash
    ) {
      return refuse(name, text, 'like http://127.0.0.1:8500');
    }
    if (tls && url.protocol === 'http:') refuse(name, text, 'an https address, as tls is given');
    if (url.port === '' && !hasScheme && !/:\d+$/u.test(text)) url.port = tls ? '8501' : '8500';
    return url.href.replace(/\/+$/u, '');
  });
}

function checkClient(options: ConsulOptions): void {
  const { client } = options;
  if (!isClient(client)) refuse('client', client, 'a client of the consul package');
  for (const name of ['address', 'addresses', 'tls'] as const) {
    if (options[name] !== undefined) refuse(name, options[name], 'left out beside client');
  }
}

function checkTls(tls: unknown): void {
  if (typeof tls !== 'object' || tls === null) refuse('tls', tls, 'an object');
  for (const [name, value] of Object.entries(tls)) {
    const type = name === 'rejectUnauthorized' ? 'boolean' : 'string';
    if (!KNOWN_TLS.has(name)) refuse(`tls.${name}`, value, `one of ${[...KNOWN_TLS].join(', ')}`);
    // oxlint-disable-next-line valid-typeof -- one of two literals
    if (value !== undefined && typeof value !== type) refuse(`tls.${name}`, typeof value, `a ${type}`);
  }
}

function checkPrefix(keyPrefix: unknown): void {
  const parts = typeof keyPrefix === 'string' ? keyPrefix.split('/') : [];
  const last = parts.pop();
  if (
    last !== '' ||
    parts.some((part) => part === '' || part === '.' || part === '..' || /[^ -~]/u.test(part))
  ) {
    refuse('keyPrefix', keyPrefix, "empty or like 'folder/'");
  }
}

function checkNumber(name: string, value: unknown, from: number, to: number): void {
  if (typeof value !== 'number' || !(value >= from && value <= to))
    refuse(name, value, `from ${from} to ${to}`);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
}

function refuse(name: string, value: unknown, expected: string): never {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value)
      : inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
  throw new InvalidArgumentError(`consul option ${name} is ${shown}, must be ${expected}`);
}

function withoutUndefined<T extends object>(options: T): { [P in keyof T]: Exclude<T[P], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
