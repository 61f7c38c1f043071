import {
  decodeRecord,
  encodeRecord,
  NotAppliedError,
  StoreUnavailableError,
  type Holder,
  type Key,
} from '@tenure/core/store';
import { holderOf, pairOf, tokenOf, type Pair } from './pair.ts';
import { destroy } from './session.ts';
import type { Site } from './site.ts';
import { isHeldBy, isUnchanged, lock, unlock } from './operation.ts';

const ATTEMPTS = 5;

export async function holder(
  { transactions, layout }: Site,
  key: Key,
  signal: AbortSignal,
): Promise<Holder | undefined> {
  const path = layout.lock(key);
  return holderOf(key.name, (await transactions.read([path], signal)).get(path));
}

export async function list(
  { connection, layout }: Site,
  prefix: Key,
  signal: AbortSignal,
): Promise<Holder[]> {
  const { status, body } = await connection.ask(
    'verbs',
    {
      name: 'list',
      method: 'GET',
      path: '/kv/{key}',
      params: { key: layout.search(prefix) },
      query: { recurse: '1', consistent: '1' },
    },
    signal,
  );
  if (status === 404) return [];
  if (!Array.isArray(body)) throw new StoreUnavailableError(`consul: list: unexpected answer ${status}`);
  return body
    .map((raw) => pairOf(raw))
    .flatMap((pair) => {
      const name = layout.name(prefix.namespace, pair.path);
      return name?.startsWith(prefix.name) ? (holderOf(name, pair) ?? []) : [];
    });
}

/**
 * Asks by a mark in the record, which leaves key and session alone; a holder whose record is not ours can't be asked.
 * With force, the mark and the end of the lock are one write: nobody waits for a lock-delay, and the holder, which
 * keeps its session and its other keys, finds its own record marked under a key that is no longer its own.
 */
export async function evict(
  { transactions, layout }: Site,
  { key, token, force }: { readonly key: Key; readonly token: bigint; readonly force: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const path = layout.lock(key);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const pair = (await transactions.read([path], signal)).get(path);
    if (!pair || pair.session === '' || tokenOf(pair) !== token) return false;
    const record = decodeRecord(pair.value);
    if (!force && !record) return false;
    if (!force && record?.evict) return true;
    const value = record ? encodeRecord({ ...record, token, evict: true }) : pair.value;
    const write = force ? unlock(path, pair.session, value) : lock(path, pair.session, value);
    const guards = [isHeldBy(path, pair.session), isUnchanged(path, pair.modifyIndex)];
    if ((await transactions.write(path, [...guards, write], signal)).applied) return true;
  }
  throw new NotAppliedError(`${path} kept changing while its holder was to be evicted`);
}

/** Ends the session of the holder with that token. With a lock-delay, its keys stay closed for that long all the same. */
export async function endSession(site: Site, key: Key, token: bigint, signal: AbortSignal): Promise<boolean> {
  const path = site.layout.lock(key);
  const pair = (await site.transactions.read([path], signal)).get(path);
  if (!pair || pair.session === '' || tokenOf(pair) !== token) return false;
  await destroy(site, pair.session, signal);
  return true;
}

/** What observers can tell apart; of a free key also whether it was held since it was last seen. */
interface Seen {
  readonly holder: Holder | undefined;
  readonly lockIndex: number;
}

const seenOf = (name: string, pair: Pair | undefined): Seen => ({
  holder: holderOf(name, pair),
  lockIndex: pair?.lockIndex ?? 0,
});

const isNews = (latest: Seen, shown: Seen): boolean =>
  latest.holder?.token !== shown.holder?.token ||
  latest.holder?.value !== shown.holder?.value ||
  (!latest.holder && latest.lockIndex !== shown.lockIndex);

/** Keeps the latest state only: a slow consumer skips what is over. */
export async function* watch(site: Site, key: Key, signal: AbortSignal): AsyncGenerator<Holder | undefined> {
  const path = site.layout.lock(key);
  // Otherwise the query that begins now has the first answer.
  const asks = site.lookout.isWatching(path);
  const first = asks ? (await site.transactions.read([path], signal)).get(path) : undefined;
  let shown: Seen | undefined;
  let next = asks ? seenOf(key.name, first) : undefined;
  let failure: { readonly error: unknown } | undefined;
  let wake: (() => void) | undefined;
  const look = () => wake?.();
  signal.addEventListener('abort', look, { once: true });
  const leave = site.lookout.observe(path, {
    since: first?.modifyIndex ?? 0,
    seen(pair) {
      const seen = seenOf(key.name, pair);
      next = { ...seen, holder: steady(seen.holder, next?.holder ?? shown?.holder, pair) };
      wake?.();
    },
    failed(error) {
      failure = { error };
      wake?.();
    },
  });
  try {
    for (;;) {
      signal.throwIfAborted();
      const latest: Seen | undefined = next;
      next = undefined;
      if (latest && (!shown || isNews(latest, shown))) {
        shown = latest;
        yield latest.holder;
      } else if (failure) {
        throw failure.error;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    leave();
    signal.removeEventListener('abort', look);
  }
}

/** A plain PUT over a held lock may wipe the token that is in the record; the term is the same, and so is its token. */
function steady(
  latest: Holder | undefined,
  last: Holder | undefined,
  pair: Pair | undefined,
): Holder | undefined {
  const isWiped = latest && last && pair?.lockIndex === 0 && latest.token < last.token;
  return isWiped ? { ...latest, token: last.token } : latest;
}
