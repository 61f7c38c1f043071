import { InvalidArgumentError } from '@tenure/core/store';
import type { Etcd3 } from 'etcd3';

/** What {@link etcd} takes: either `hosts`, with what is needed to be let in, or a `client`. */
export interface EtcdOptions {
  /** URLs of one or more members, all `http` or all `https`: `http://127.0.0.1:2379`. Port 2379 unless given. */
  readonly hosts?: string | readonly string[];
  readonly auth?: { readonly username: string; readonly password: string };
  /** PEM, as text or bytes. Without it, `https` trusts the authorities that Node.js trusts. */
  readonly credentials?: {
    /** The authority that signed the members' certificates. */
    readonly rootCertificate: Buffer | string;
    /** The client's own certificate and its key: both or neither. */
    readonly privateKey?: Buffer | string;
    readonly certChain?: Buffer | string;
  };
  /** A client of the `etcd3` package that is yours: it stays open when the store closes. */
  readonly client?: Etcd3;
}

export interface Settings {
  /** Empty with a client. */
  readonly hosts: readonly string[];
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  readonly credentials:
    | { readonly rootCertificate: Buffer; readonly privateKey?: Buffer; readonly certChain?: Buffer }
    | undefined;
  readonly client: Etcd3 | undefined;
}

const OPTIONS = ['hosts', 'auth', 'credentials', 'client'];

/** @throws InvalidArgumentError naming the option and what is wrong with its value. */
export function settingsOf(options: EtcdOptions): Settings {
  onlyKnown('options', options, OPTIONS);
  const { client } = options;
  if (client !== undefined) return withClient(options, client);
  const hosts = hostsOf(options.hosts);
  return {
    hosts,
    auth: authOf(options.auth),
    credentials: credentialsOf(options.credentials, hosts),
    client: undefined,
  };
}

function withClient(options: EtcdOptions, client: Etcd3): Settings {
  const { hosts, auth, credentials } = options;
  for (const [name, value] of Object.entries({ hosts, auth, credentials })) {
    if (value !== undefined) {
      throw new InvalidArgumentError(`"${name}" and "client" exclude each other: the client has its own`);
    }
  }
  const { pool } = client as unknown as { pool?: { withConnection?: unknown } };
  if (typeof pool?.withConnection !== 'function') {
    throw new InvalidArgumentError(`"client" must be an Etcd3 of the etcd3 package`);
  }
  return { hosts: [], auth: undefined, credentials: undefined, client };
}

function hostsOf(hosts: EtcdOptions['hosts']): string[] {
  const given = typeof hosts === 'string' ? [hosts] : hosts;
  if (!Array.isArray(given) || given.length === 0) {
    throw new InvalidArgumentError(
      `"hosts" must name at least one etcd member, got ${JSON.stringify(hosts)}`,
    );
  }
  const urls = given.map((host) => hostOf(host));
  const schemes = new Set(urls.map((url) => url.slice(0, url.indexOf(':'))));
  if (schemes.size > 1) {
    throw new InvalidArgumentError(`"hosts" must be all http or all https, got ${urls.join(', ')}`);
  }
  return [...new Set(urls)];
}

const PARTS = /^(?<scheme>https?):\/\/(?<name>\[[\da-f:.]+\]|[^\s:/?#[\]@]+)(?::(?<port>\d{1,5}))?\/?$/iu;

function hostOf(host: unknown): string {
  const text = String(host);
  // Not quoted in full: there may be a password in it.
  if (text.includes('@')) {
    throw new InvalidArgumentError('"hosts" must not hold a user name or password; these go into "auth"');
  }
  const { scheme, name, port = '2379' } = PARTS.exec(text)?.groups ?? {};
  if (typeof host !== 'string' || scheme === undefined || name === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError(
      `"hosts" must be URLs like http://127.0.0.1:2379 or https://etcd.example:2379, got ${JSON.stringify(host)}`,
    );
  }
  return `${scheme.toLowerCase()}://${name}:${port}`;
}

function authOf(auth: EtcdOptions['auth']): Settings['auth'] {
  if (auth === undefined) return undefined;
  onlyKnown('auth', auth, ['username', 'password']);
  for (const name of ['username', 'password'] as const) {
    if (typeof auth[name] !== 'string' || auth[name] === '') {
      throw new InvalidArgumentError(`"auth.${name}" must be a string that is not empty`);
    }
  }
  return auth;
}

function credentialsOf(
  credentials: EtcdOptions['credentials'],
  hosts: readonly string[],
): Settings['credentials'] {
  if (credentials === undefined) return undefined;
  if (!hosts[0]?.startsWith('https:')) {
    throw new InvalidArgumentError(`"credentials" need https "hosts", got ${hosts.join(', ')}`);
  }
  const names = ['rootCertificate', 'privateKey', 'certChain'] as const;
  onlyKnown('credentials', credentials, names);
  const { rootCertificate, privateKey, certChain } = credentials;
  if ((privateKey === undefined) !== (certChain === undefined)) {
    throw new InvalidArgumentError('"credentials.privateKey" and "credentials.certChain" go together');
  }
  return {
    rootCertificate: pem('rootCertificate', rootCertificate),
    ...(privateKey !== undefined && { privateKey: pem('privateKey', privateKey) }),
    ...(certChain !== undefined && { certChain: pem('certChain', certChain) }),
  };
}

function pem(name: string, value: unknown): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  if (!Buffer.isBuffer(bytes) || !bytes.includes('-----BEGIN ')) {
    throw new InvalidArgumentError(`"credentials.${name}" must be PEM, as a string or a Buffer`);
  }
  return bytes;
}

function onlyKnown(what: string, given: unknown, known: readonly string[]): asserts given is object {
  if (typeof given !== 'object' || given === null) {
    throw new InvalidArgumentError(`"${what}" must be an object, got ${JSON.stringify(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new InvalidArgumentError(
        `unknown option "${what === 'options' ? name : `${what}.${name}`}"; known are ${known.join(', ')}`,
      );
    }
  }
}
