import { InvalidArgumentError } from '@tenure/core/store';
import { COMMON_OPTIONS } from '../options.ts';
import { numberOf, queryOptions } from '../url.ts';
import type { PostgresOptions } from './options.ts';
import { parsedUrl, placeOf } from './url.ts';

const OWN = ['listen', 'maxConnections'] as const;
const OURS: ReadonlySet<string> = new Set([...COMMON_OPTIONS, ...OWN]);

/** What is ours in the query is taken out of it; the rest is for the driver, as `sslmode`. @throws InvalidArgumentError */
export function optionsOfUrl(url: string): PostgresOptions {
  const parsed = parsedUrl(url);
  const ours = new URLSearchParams();
  for (const [name, value] of parsed.searchParams) if (OURS.has(name)) ours.append(name, value);
  for (const name of OURS) parsed.searchParams.delete(name);
  const shown = `postgres://${placeOf({ connectionString: parsed.href })}`;
  const { common, own } = queryOptions(shown, ours, OWN);
  const listen = own.get('listen');
  const maxConnections = own.get('maxConnections');
  return {
    ...common,
    url: parsed.href,
    ...(listen === undefined ? {} : { listen: listenOf(listen) }),
    ...(maxConnections === undefined
      ? {}
      : { maxConnections: numberOf(shown, 'maxConnections', maxConnections) }),
  };
}

function listenOf(text: string): Exclude<PostgresOptions['listen'], undefined> {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^postgres(?:ql)?:/u.test(text)) return { url: text };
  throw new InvalidArgumentError(
    'postgres URL: listen must be true, false or the URL of the server itself, encoded as a parameter',
  );
}
