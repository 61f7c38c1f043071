import {
  ClaimLostError,
  decodeRecord,
  encodeRecord,
  InvalidArgumentError,
  NotAppliedError,
  type ClaimNews,
  type ClaimRecord,
  type Granted,
  type Held,
  type Key,
} from '@tenure/core/store';
import { decodeCheckpoint, savedIn } from './checkpoint.ts';
import { Ghosts } from './ghosts.ts';
import { judge, newsOf, observe, type Hold } from './hold.ts';
import { holderOf, isSemaphore, tokenOf, type Pair } from './pair.ts';
import type { Cursor } from './park.ts';
import { checkSize, type Site } from './site.ts';
import * as tx from './transaction.ts';
import { Writer } from './writer.ts';

/** A claim or release that finds the key moved looks again, but not for ever. */
const ATTEMPTS = 5;

/** The claims of one session. Every write is a transaction that needs the key to be what was last seen of it. */
export class Claims {
  readonly #site: Site;
  readonly #session: string;
  readonly #hint: () => void;
  readonly #holds = new Map<string, Hold>();
  /** Claims that were sent and not answered. */
  readonly #unanswered = new Set<string>();
  readonly #ghosts: Ghosts;
  readonly #writer: Writer;

  constructor(site: Site, session: string, hint: () => void) {
    this.#site = site;
    this.#session = session;
    this.#hint = hint;
    this.#ghosts = new Ghosts(site, session);
    this.#writer = new Writer(site, session, hint);
  }

  /**
   * Takes a free key and no other: the lock operation alone would succeed on a key that another claim of this very
   * session holds. The common case is one round trip.
   */
  async claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    const { connection, layout, lookout } = this.#site;
    const { claimId } = proposal;
    const lost = this.#holds.get(claimId)?.lost;
    if (lost) throw new ClaimLostError(`claim ${claimId} held ${key.name} and was ${lost}`);
    const [path, beside] = [layout.lock(key), layout.checkpoint(key)];
    const value = encodeRecord(proposal);
    checkSize('the record', value);

    let free = lookout.glimpse(path);
    if (free?.session !== '') free = undefined;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const guard = free ? tx.isUnchanged(path, free.modifyIndex) : tx.isAbsent(path);
      const wasSettled = !this.#unanswered.has(claimId);
      this.#unanswered.add(claimId);
      const answer = await tx.transact(
        connection,
        [guard, tx.lock(path, this.#session, value), tx.getAll(beside)],
        signal,
      );
      if (answer.applied) {
        const pairs = new Map(answer.pairs.map((pair) => [pair.path, pair]));
        return this.#granted(key, proposal, pairs.get(path)!, pairs.get(beside));
      }
      if (wasSettled) this.#unanswered.delete(claimId);

      const pairs = await tx.readTogether(connection, [path, beside], signal);
      const pair = pairs.get(path);
      if (pair && isSemaphore(pair)) {
        throw new InvalidArgumentError(
          `${path} is a Consul semaphore, not a lock: choose another name than "${key.name}"`,
        );
      }
      if (pair && pair.session !== '') {
        const record = decodeRecord(pair.value);
        const isOurs = pair.session === this.#session && record?.claimId === claimId;
        return isOurs ? this.#granted(key, record, pair, pairs.get(beside)) : this.#held(key, claimId, pair);
      }
      if (answer.why === 'lock-delay') return this.#held(key, claimId, pair);
      free = pair;
    }
    throw new NotAppliedError(`${path} changed hands during each of ${ATTEMPTS} attempts to claim it`);
  }

  /**
   * Gives up that claim, by deleting the key: `consul lock` does the same, and the raft index keeps tokens rising.
   * What goes wrong is left to the sweep that comes with renewals, as is a claim that was never answered: it may
   * still be under way, and take the key after this.
   */
  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    const path = this.#site.layout.lock(key);
    const hold = this.#holds.get(claimId);
    hold?.leave();
    this.#holds.delete(claimId);
    const isSettled = !this.#unanswered.delete(claimId);
    try {
      await this.#remove({ path, claimId, hold }, signal);
      if (!isSettled) this.#ghosts.expect(path, claimId);
    } catch (error) {
      this.#ghosts.expect(path, claimId);
      throw error;
    }
  }

  announce(granted: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    return this.#writer.announce(this.#holdOf(granted), record, signal);
  }

  save(granted: Granted, text: string, sequence: number, signal: AbortSignal): Promise<void> {
    return this.#writer.save(this.#holdOf(granted), { text, sequence }, signal);
  }

  /** Every claim whose standing a renewal has to prove. */
  paths(): Set<string> {
    const live = [...this.#holds.values()].filter((hold) => !hold.lost);
    return new Set([...live.map(({ path }) => path), ...this.#ghosts.paths()]);
  }

  news(): ClaimNews[] {
    return [...this.#holds.values()].flatMap((hold) => newsOf(hold) ?? []);
  }

  /**
   * After a look: writes back what somebody has written over, which took the record but not the lock, and removes
   * what a claim that nobody waits for any more has taken. Failing that, the next renewal tries again.
   */
  async tidy(signal: AbortSignal): Promise<void> {
    const { lookout } = this.#site;
    const spoilt = [...this.#holds.values()].filter((hold) => {
      const pair = lookout.glimpse(hold.path);
      return (
        !hold.lost &&
        pair &&
        pair.modifyIndex >= hold.index &&
        judge(hold, this.#session, pair) === 'tampered'
      );
    });
    const repairs = spoilt.map((hold) => this.#writer.repair(hold, signal));
    await Promise.allSettled([...repairs, this.#ghosts.sweep(signal)]);
  }

  /** As many as can be; the rest go with the session. */
  async releaseAll(signal: AbortSignal): Promise<void> {
    const releases = [...this.#holds.values()].map(({ key, claimId }) => this.release(key, claimId, signal));
    await Promise.allSettled(releases);
    this.#ghosts.forget();
  }

  #granted(key: Key, record: ClaimRecord, pair: Pair, checkpoint: Pair | undefined): Granted {
    const { claimId } = record;
    const known = this.#holds.get(claimId);
    const hold: Hold = known ?? {
      key,
      path: pair.path,
      claimId,
      token: tokenOf(pair),
      index: pair.modifyIndex,
      saved: savedIn(checkpoint, tokenOf(pair)),
      record,
      lost: undefined,
      isAskedBack: record.evict === true,
      leave: () => {},
    };
    this.#unanswered.delete(claimId);
    if (!known) this.#keep(hold);
    return {
      outcome: 'granted',
      key,
      claimId,
      token: hold.token,
      checkpoint: decodeCheckpoint(checkpoint)?.text,
      announced: true,
    };
  }

  #keep(hold: Hold): void {
    for (const other of this.#holds.values()) if (other.path === hold.path) other.lost ??= 'superseded';
    this.#holds.set(hold.claimId, hold);
    const session = this.#session;
    hold.leave = this.#site.lookout.observe(hold.path, {
      get since() {
        return hold.index;
      },
      seen: (pair) => {
        if (observe(hold, session, pair)) this.#hint();
      },
      // A renewal looks for itself then.
      failed: () => {},
    });
  }

  #held(key: Key, claimId: string, pair: Pair | undefined): Held {
    const cursor: Cursor = { index: pair?.modifyIndex ?? 0 };
    const holder = holderOf(key.name, pair);
    const held = { outcome: 'held', key, claimId, holder, cursor } as const;
    return holder ? held : { ...held, delayed: 'lock-delay', retryInMs: this.#site.delayRetryMs };
  }

  #holdOf({ claimId, key }: Granted): Hold {
    const hold = this.#holds.get(claimId);
    if (!hold || hold.lost)
      throw new ClaimLostError(`claim ${claimId} does not hold ${key.name}: ${hold?.lost ?? 'released'}`);
    return hold;
  }

  async #remove({ path, claimId, hold }: Leaving, signal: AbortSignal): Promise<void> {
    const { connection } = this.#site;
    let index = hold?.lost ? undefined : hold?.index;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      if (index !== undefined) {
        const answer = await tx.transact(connection, [tx.isUnchanged(path, index), tx.remove(path)], signal);
        if (answer.applied) return;
      }
      const pair = (await tx.readTogether(connection, [path], signal)).get(path);
      if (!pair || !this.#mayRemove(pair, claimId, hold)) return;
      index = pair.modifyIndex;
    }
    throw new NotAppliedError(`${path} kept changing while it was to be released`);
  }

  /** Ours, or left behind by us and nobody's. */
  #mayRemove(pair: Pair, claimId: string, hold: Hold | undefined): boolean {
    const record = decodeRecord(pair.value);
    if (pair.session !== this.#session && pair.session !== '') return false;
    if (record) return record.claimId === claimId;
    return pair.session === this.#session && hold !== undefined && !hold.lost;
  }
}

interface Leaving {
  readonly path: string;
  readonly claimId: string;
  readonly hold: Hold | undefined;
}
