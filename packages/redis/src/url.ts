import { InvalidArgumentError, parseStoreUrl, redactUrl, UrlParams } from '@tenure/core/store';
import type { StoreUrl } from '@tenure/core/store';
import { ownIoredis } from './clients/ioredis.ts';
import type { Driver } from './driver.ts';
import type { RedisOptions } from './options.ts';

const DEFAULT_PORT = 6379;
const OWN = ['namespace', 'keyPrefix', 'replicas', 'replicasTimeoutMs', 'retainMs'] as const;
const PARAMETERS = ['cluster', ...OWN] as const;

/** A Cluster has one database only. @throws InvalidArgumentError */
export function driverOfUrl(url: string): Driver {
  const parsed = parseStoreUrl(url);
  const refuse = (why: string): never => {
    throw new InvalidArgumentError(`the store URL "${redactUrl(url)}" ${why}`);
  };
  const { scheme, username, password, hosts, path } = parsed;
  if (scheme !== 'redis' && scheme !== 'rediss') refuse('must begin with redis:// or rediss://');
  if (hosts.length === 0) refuse('names no host');
  const isCluster = new UrlParams(parsed, PARAMETERS).flag('cluster') ?? hosts.length > 1;
  if (hosts.length > 1 && !isCluster) refuse('names several hosts, which only a Cluster has');
  const database = path.replace(/^\//u, '');
  if (!/^\d{0,4}$/u.test(database)) refuse('must have the number of a database for a path, as in /0');
  if (isCluster && Number(database) > 0) refuse('names a database, and a Cluster has only /0');
  return ownIoredis(
    hosts.map(({ host, port = DEFAULT_PORT }) => ({ host, port })),
    {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(Number(database) > 0 ? { db: Number(database) } : {}),
      tls: scheme === 'rediss',
    },
    isCluster,
  );
}

/** The options that stand in the query of the URL. @throws InvalidArgumentError */
export function optionsOfUrl(url: string): RedisOptions {
  const parsed: StoreUrl = parseStoreUrl(url);
  const params = new UrlParams(parsed, PARAMETERS);
  const options: Record<string, string | number> = {};
  for (const name of ['namespace', 'keyPrefix'] as const) {
    const text = params.text(name);
    if (text !== undefined) options[name] = text;
  }
  for (const name of ['replicas', 'replicasTimeoutMs', 'retainMs'] as const) {
    const number = params.number(name);
    if (number !== undefined) options[name] = number;
  }
  return { ...options, url };
}
