import type { Holder, Key } from '@tenure/core/store';
import type { IKeyValue } from 'etcd3';
import { holderRequest } from './claims.ts';
import type { Endpoints } from './endpoints.ts';
import { candidatesOf, electionNameOf, electionsOf } from './keys.ts';
import { Mailbox } from './mailbox.ts';
import { Queue } from './queue.ts';
import { range } from './rpc.ts';
import type { WatchStream } from './watch-stream.ts';

export const holderAt = (name: string, { create_revision, value }: IKeyValue): Holder => ({
  key: name,
  token: BigInt(create_revision),
  value: value.toString(),
});

export async function readHolder(
  endpoints: Endpoints,
  key: Key,
  signal: AbortSignal,
): Promise<Holder | undefined> {
  const { kvs } = await endpoints.call(range, holderRequest(candidatesOf(key)), signal);
  return kvs[0] && holderAt(key.name, kvs[0]);
}

/** One read of all candidates: who is first in each election can't be told apart on the server. */
export async function listHolders(endpoints: Endpoints, prefix: Key, signal: AbortSignal): Promise<Holder[]> {
  const { kvs } = await endpoints.call(range, electionsOf(prefix), signal);
  const holders = new Map<string, Holder>();
  for (const kv of kvs) {
    const name = electionNameOf(prefix.namespace, kv.key);
    if (name === undefined) continue;
    const holder = holderAt(name, kv);
    const older = holders.get(name);
    if (!older || holder.token < older.token) holders.set(name, holder);
  }
  return [...holders.values()];
}

/**
 * Keeps the queue of candidates by its events, in the order of the store's revisions, so that no change of the
 * holder is missed and none is seen twice, however the watch broke in between. Reads anew after a gap.
 */
export async function* watchHolder(
  endpoints: Endpoints,
  watches: WatchStream,
  key: Key,
  signal: AbortSignal,
): AsyncGenerator<Holder | undefined, void, undefined> {
  let seen: string | undefined = '';
  for (;;) {
    const { header, kvs } = await endpoints.call(range, candidatesOf(key), signal);
    const queue = new Queue(kvs);
    const firsts = new Mailbox<IKeyValue | undefined>();
    firsts.put([queue.first]);
    const watchId = watches.add({
      ...candidatesOf(key),
      from: BigInt(header.revision) + 1n,
      events: (events) => firsts.put(queue.apply(events)),
      gap: () => firsts.end(),
      failed: (error) => firsts.end(error),
    });
    try {
      for (let news = await firsts.take(signal); news; news = await firsts.take(signal)) {
        for (const first of news) {
          if (first?.mod_revision === seen) continue;
          seen = first?.mod_revision;
          yield first && holderAt(key.name, first);
        }
      }
    } finally {
      watches.remove(watchId);
    }
  }
}
