import { watching } from '@tenure/core/store';
import type { Holder, Key, Sight } from '@tenure/core/store';
import type { Watcher } from './newsroom.ts';
import { glance, holderOf, lockOf } from './sight.ts';
import { textOf } from './row.ts';
import type { Site } from './site.ts';

export async function holder(site: Site, key: Key, signal: AbortSignal): Promise<Holder | undefined> {
  return (await see(site, key, signal)).holder;
}

export async function list(site: Site, prefix: Key, signal: AbortSignal): Promise<readonly Holder[]> {
  await site.enter(signal);
  const { rows } = await site.run(site.sql.observers.list(prefix), signal);
  return rows
    .map((row) => holderOf({ namespace: prefix.namespace, name: textOf(row, 'name') }, lockOf(row)))
    .filter(({ key }) => key.startsWith(prefix.name));
}

export function watch(site: Site, key: Key, signal: AbortSignal): AsyncIterable<Holder | undefined> {
  let watcher: Watcher | undefined;
  return watching({
    clock: site.clock,
    signal: AbortSignal.any([signal, site.closing]),
    look: async (lookSignal) => {
      if (watcher) watcher.shown = undefined;
      await site.newsroom.listening(lookSignal);
      const sight = await see(site, key, lookSignal);
      if (watcher) watcher.shown = glance(sight);
      return sight;
    },
    listen: (changed) => {
      watcher = { key, changed, shown: undefined };
      const forget = site.newsroom.watch(watcher);
      site.poller.need();
      return forget;
    },
  });
}

async function see(site: Site, key: Key, signal: AbortSignal): Promise<Sight> {
  await site.enter(signal);
  const { rows } = await site.run(site.sql.observers.lock(key), signal);
  if (!rows[0]) return { holder: undefined };
  const row = lockOf(rows[0]);
  if (row.remainingMs === 0) return { holder: undefined, lastToken: row.token };
  return { holder: holderOf(key, row), expiresInMs: row.remainingMs, lastToken: row.token };
}
