import { InvalidArgumentError, redactUrl } from '@tenure/core/store';
import type { CommonOptions } from './options.ts';

type UrlOptions = Pick<CommonOptions, 'namespace' | 'tablePrefix' | 'schema' | 'retainMs' | 'migrate'>;

const COMMON = ['namespace', 'tablePrefix', 'schema', 'retainMs', 'migrate'] as const;

/**
 * What the query of a store's URL says: the options that all SQL stores have, and the `own` ones as text.
 * @throws InvalidArgumentError for a parameter that nobody knows, or that is given twice
 */
export function queryOptions(
  url: string,
  query: URLSearchParams,
  own: readonly string[],
): { readonly common: UrlOptions; readonly own: ReadonlyMap<string, string> } {
  const known: readonly string[] = [...COMMON, ...own];
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      throw new InvalidArgumentError(`${shown(url)} has no parameter "${name}"; it has ${known.join(', ')}`);
    }
    if (query.getAll(name).length > 1) {
      throw new InvalidArgumentError(`${shown(url)} gives "${name}" more than once`);
    }
  }
  const text = (name: (typeof COMMON)[number]): string | undefined => query.get(name) ?? undefined;
  const [namespace, tablePrefix, schema] = [text('namespace'), text('tablePrefix'), text('schema')];
  const [retainMs, migrate] = [text('retainMs'), text('migrate')];
  return {
    common: {
      ...(namespace === undefined ? {} : { namespace }),
      ...(tablePrefix === undefined ? {} : { tablePrefix }),
      ...(schema === undefined ? {} : { schema }),
      ...(retainMs === undefined ? {} : { retainMs: numberOf(url, 'retainMs', retainMs) }),
      ...(migrate === undefined ? {} : { migrate: migrateOf(url, migrate) }),
    },
    own: new Map([...query].filter(([name]) => own.includes(name))),
  };
}

export function numberOf(url: string, name: string, text: string): number {
  if (!/^\d+$/u.test(text)) {
    throw new InvalidArgumentError(
      `"${name}" of ${shown(url)} must be a whole number, got ${JSON.stringify(text)}`,
    );
  }
  return Number(text);
}

function migrateOf(url: string, text: string): 'auto' | false {
  if (text === 'auto') return text;
  if (text === 'false') return false;
  throw new InvalidArgumentError(
    `"migrate" of ${shown(url)} must be auto or false, got ${JSON.stringify(text)}`,
  );
}

const shown = (url: string): string => JSON.stringify(redactUrl(url));
