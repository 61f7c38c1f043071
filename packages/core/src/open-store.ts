import { InvalidArgumentError } from './errors.ts';
import { MemorySpace, memory } from './memory.ts';
import { redactUrl } from './redact-url.ts';
import { load, openFrom } from './store-module.ts';
import type { Source } from './store-module.ts';
import { checkDelimiters, inNamespace, parseStoreUrl } from './store-url.ts';
import type { Store } from './store.ts';
import { UrlParams } from './url-params.ts';

const ETCD: Source = { specifier: '@tenure/etcd', install: '@tenure/etcd' };
const CONSUL: Source = { specifier: '@tenure/consul', install: '@tenure/consul' };
const REDIS: Source = { specifier: '@tenure/redis', install: '@tenure/redis' };
const POSTGRES: Source = { specifier: '@tenure/sql/postgres', install: '@tenure/sql pg' };
const MYSQL: Source = { specifier: '@tenure/sql/mysql', install: '@tenure/sql mysql2' };
const SQLITE: Source = { specifier: '@tenure/sql/sqlite', install: '@tenure/sql libsql' };

const SOURCES: ReadonlyMap<string, Source> = new Map([
  ['etcd', ETCD],
  ['consul', CONSUL],
  ['redis', REDIS],
  ['rediss', REDIS],
  ['postgres', POSTGRES],
  ['postgresql', POSTGRES],
  ['mysql', MYSQL],
  ['mariadb', MYSQL],
  ['sqlite', SQLITE],
]);

/** What all of `openStore('memory:')` have in common: two tenures of one process contend, as they would on a server. */
const SHARED = new MemorySpace();

/**
 * The store that a URL names: `etcd://h1:2379,h2:2379/namespace`, `consul://`, `redis://`, `rediss://`, `postgres://`,
 * `mysql://`, `mariadb://`, `sqlite:./file.db`, or `memory:`, which is the same for all who ask for it in this process.
 * Each store's README says what its URLs can hold. Nothing is sent yet.
 *
 * Its package is loaded now: the one that is installed beside this package or, failing that, the one of the working
 * directory. No error shows a password or a secret parameter of the URL.
 * @throws InvalidArgumentError for a URL that makes no sense, and when the package or its driver is not installed; the
 * message then says what to install.
 */
export async function openStore(url: string): Promise<Store> {
  const source = sourceOf(url);
  return source ? openFrom(source, url) : openMemory(url);
}

/** What a store's package can do beside opening stores: `migrateUrl` of databases, for one. */
export interface StoreModule {
  /** As it is imported: `@tenure/sql/postgres`. */
  readonly specifier: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/**
 * The module that {@link openStore} would load for this URL; undefined for `memory:`, which is part of this package.
 * @throws InvalidArgumentError as `openStore` does, but for the parts of the URL that only the store itself knows
 */
export async function storeModule(url: string): Promise<StoreModule | undefined> {
  const source = sourceOf(url);
  if (!source) return undefined;
  return { specifier: source.specifier, exports: { ...(await load(source, url)) } };
}

/** Undefined for memory. */
function sourceOf(url: string): Source | undefined {
  const scheme = schemeOf(url);
  if (scheme === 'memory') return undefined;
  const source = SOURCES.get(scheme);
  if (!source) {
    const known = [...SOURCES.keys(), 'memory'].map((name) => `${name}:`).join(', ');
    throw new InvalidArgumentError(
      `no store has URLs like "${redactUrl(url)}"; they begin with one of ${known}`,
    );
  }
  // And not parsed any further: the drivers of databases know URLs that ours are not.
  checkDelimiters(url);
  return source;
}

function schemeOf(url: unknown): string {
  if (typeof url === 'string') return /^[a-z][a-z\d+.-]*(?=:)/iu.exec(url)?.[0].toLowerCase() ?? '';
  throw new InvalidArgumentError(`openStore needs a URL, as a string such as "memory:", got ${typeof url}`);
}

function openMemory(url: string): Store {
  const parsed = parseStoreUrl(url);
  if (parsed.path !== '') {
    throw new InvalidArgumentError('the store URL of memory is "memory:" or "memory:?namespace=name"');
  }
  const params = new UrlParams(parsed, ['namespace']);
  return inNamespace(memory({ shared: SHARED }), params.text('namespace'));
}
