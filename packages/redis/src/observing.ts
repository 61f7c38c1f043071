import { decodeRecord, encodeRecord, watching } from '@tenure/core/store';
import type { Holder, Key, Sight } from '@tenure/core/store';
import * as scripts from './claim-scripts.ts';
import type { Site } from './site.ts';

const NAMES_PER_PAGE = 500;
const FIELDS = 4;

/** That somebody asks the holder to let go is kept beside its record, and shown in it. */
export function holderOf(name: string, token: string, value: string, asked: boolean): Holder {
  const record = asked ? decodeRecord(value) : undefined;
  return {
    key: name,
    token: BigInt(token),
    value: record ? encodeRecord({ ...record, evict: true }) : value,
  };
}

export async function look({ line, layout }: Site, key: Key, signal: AbortSignal): Promise<Sight> {
  const answer = await line.list(scripts.holder, [layout.lock(key)], [], signal);
  const [token = '0', value, asked, left] = answer.map(String);
  const lastToken = BigInt(token);
  if (value === undefined) return { holder: undefined, lastToken };
  const holder = holderOf(key.name, token, value, asked === '1');
  return Number(left) < 0 ? { holder, lastToken } : { holder, lastToken, expiresInMs: Number(left) };
}

export async function list({ line, layout }: Site, prefix: Key, signal: AbortSignal): Promise<Holder[]> {
  const { namespace, name } = prefix;
  const found = new Map<string, Holder>();
  let cursor = '0';
  do {
    const args = [cursor, `${layout.base(namespace)}:lock:`, name, NAMES_PER_PAGE];
    const answer = await line.list(scripts.list, [layout.held(namespace)], args, signal);
    const [next = '0', ...rest] = answer.map(String);
    for (let i = 0; i < rest.length; i += FIELDS) {
      const [each = '', token = '0', value = '', asked] = rest.slice(i, i + FIELDS);
      // A page may repeat what an earlier one had.
      found.set(each, holderOf(each, token, value, asked === '1'));
    }
    cursor = next;
  } while (cursor !== '0');
  return [...found.values()];
}

export function watch(site: Site, key: Key, signal: AbortSignal): AsyncIterable<Holder | undefined> {
  const { clock, newsroom, closing } = site;
  return watching({
    clock,
    signal: AbortSignal.any([signal, closing]),
    look: (looking) => {
      newsroom.observe(key.namespace);
      return look(site, key, looking);
    },
    listen: (changed) => newsroom.watch(key, changed),
  });
}
