import {
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
import { crowd } from './crowd.ts';
import { Crowds } from './crowds.ts';
import { Ghosts } from './ghosts.ts';
import { Holds } from './holds.ts';
import { holderOf, isSemaphore, tokenOf, type Pair } from './pair.ts';
import type { Cursor } from './park.ts';
import { removeKey } from './removal.ts';
import { checkSize, type Site } from './site.ts';
import * as op from './operation.ts';
import { Writer } from './writer.ts';

/** A claim that finds the key moved looks again, but not for ever. */
const ATTEMPTS = 5;

interface Found {
  readonly lock: Pair | undefined;
  readonly checkpoint: Pair | undefined;
}

/** The claims of one session. Every write is a transaction that needs the key to be what was last seen of it. */
export class Claims {
  readonly #site: Site;
  readonly #session: string;
  readonly #holds: Holds;
  readonly #ghosts: Ghosts;
  readonly #writer: Writer;
  readonly #crowds = new Crowds();
  /** Claims that were sent and not answered. */
  readonly #unanswered = new Set<string>();

  constructor(site: Site, session: string, hint: () => void) {
    this.#site = site;
    this.#session = session;
    this.#holds = new Holds(site, session, hint);
    this.#ghosts = new Ghosts(site, session);
    this.#writer = new Writer(site, session, hint);
  }

  /**
   * Takes a free key and no other: the lock operation alone would succeed on a key that another claim of this very
   * session holds. The common case is one round trip. Where many want the key those who were woken
   * come first: who was not looks before it writes.
   */
  async claim(
    key: Key,
    proposal: ClaimRecord,
    { wasWoken }: { readonly wasWoken: boolean },
    signal: AbortSignal,
  ): Promise<Granted | Held> {
    const path = this.#site.layout.lock(key);
    const value = encodeRecord(proposal);
    checkSize('the record', value);
    if (this.#holds.get(proposal.claimId)) return this.#repeat(key, proposal.claimId, signal);

    let free = this.#site.lookout.glimpse(path);
    if (free?.session !== '') free = undefined;
    if (this.#crowds.has(path) && !wasWoken) {
      await this.#crowds.nap(path, 'newcomer', signal);
      const found = await this.#read(key, signal);
      const verdict = this.#judge(key, proposal, found);
      if (verdict) return verdict;
      free = found.lock;
    }
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const answer = await this.#take(key, { claimId: proposal.claimId, value, free }, signal);
      if (typeof answer === 'object') {
        this.#crowds.won(path);
        return this.#granted(key, proposal, answer);
      }
      if (wasWoken || attempt > 1) {
        this.#crowds.lost(path);
        await this.#crowds.nap(path, 'loser', signal);
      }
      const found = await this.#read(key, signal);
      const verdict = this.#judge(key, proposal, found);
      if (verdict) return verdict;
      if (answer === 'lock-delay') return this.#held(key, proposal, found.lock);
      free = found.lock;
    }
    throw new NotAppliedError(`${path} changed hands during each of ${ATTEMPTS} attempts to claim it`);
  }

  /** What goes wrong is left to the sweep, as is a claim that was never answered: it may take the key after this. */
  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    const path = this.#site.layout.lock(key);
    const hold = this.#holds.remove(claimId);
    const mayComeLate = this.#unanswered.delete(claimId);
    try {
      await removeKey(this.#site, { path, session: this.#session, claimId, hold }, signal);
      if (mayComeLate) this.#ghosts.expect(path, claimId);
    } catch (error) {
      this.#ghosts.expect(path, claimId);
      throw error;
    }
  }

  async announce(granted: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    return this.#writer.announce(this.#holds.of(granted), record, signal);
  }

  async save(granted: Granted, text: string, sequence: number, signal: AbortSignal): Promise<void> {
    return this.#writer.save(this.#holds.of(granted), { text, sequence }, signal);
  }

  /** Every key whose standing a renewal has to prove. */
  paths(): Set<string> {
    return new Set([...this.#holds.paths(), ...this.#ghosts.paths()]);
  }

  news(): ClaimNews[] {
    return this.#holds.news();
  }

  /** After a look. What fails here, the next renewal tries again; nobody has to wait for it. */
  async tidy(signal: AbortSignal): Promise<void> {
    const all = crowd(signal);
    const repairs = this.#holds.spoilt().map((hold) => this.#writer.repair(hold, all));
    await Promise.allSettled([...repairs, this.#ghosts.sweep(all)]);
  }

  /** As many as can be; the rest go with the session. */
  async releaseAll(signal: AbortSignal): Promise<void> {
    const all = crowd(signal);
    await Promise.allSettled([...this.#holds].map(({ key, claimId }) => this.release(key, claimId, all)));
    this.#ghosts.forget();
  }

  /** One transaction: the key is as last seen, so free; we lock it; and what the last term has left. */
  async #take(
    key: Key,
    {
      claimId,
      value,
      free,
    }: { readonly claimId: string; readonly value: string; readonly free: Pair | undefined },
    signal: AbortSignal,
  ): Promise<Found | 'moved' | 'lock-delay'> {
    const { transactions, layout } = this.#site;
    const [path, beside] = [layout.lock(key), layout.checkpoint(key)];
    const guard = free ? op.isUnchanged(path, free.modifyIndex) : op.isAbsent(path);
    const operations = [guard, op.lock(path, this.#session, value), op.getAll(beside)];
    const isFirst = !this.#unanswered.has(claimId);
    this.#unanswered.add(claimId);
    const answer = await transactions.write(path, operations, signal);
    if (answer.applied || isFirst) this.#unanswered.delete(claimId);
    if (!answer.applied) return answer.why;
    return { lock: answer.pairs.get(path), checkpoint: answer.pairs.get(beside) };
  }

  /** A claim that was granted already. */
  async #repeat(key: Key, claimId: string, signal: AbortSignal): Promise<Granted> {
    const hold = this.#holds.of({ key, claimId });
    const found = await this.#read(key, signal);
    this.#writer.demand(hold, found.lock);
    return this.#granted(key, hold.record, found);
  }

  async #read(key: Key, signal: AbortSignal): Promise<Found> {
    const { transactions, layout } = this.#site;
    const paths = [layout.lock(key), layout.checkpoint(key)] as const;
    const pairs = await transactions.read(paths, signal);
    return { lock: pairs.get(paths[0]), checkpoint: pairs.get(paths[1]) };
  }

  /** Undefined if the key is free. Ours if it says so, though nobody told us: the answer to an earlier claim was lost. */
  #judge(key: Key, proposal: ClaimRecord, found: Found): Granted | Held | undefined {
    const { lock } = found;
    if (!lock) return undefined;
    if (isSemaphore(lock)) {
      throw new InvalidArgumentError(
        `${lock.path} is a Consul semaphore: "${key.name}" can't be locked there`,
      );
    }
    if (lock.session === '') return undefined;
    const record = decodeRecord(lock.value);
    const isOurs = lock.session === this.#session && record?.claimId === proposal.claimId;
    return isOurs ? this.#granted(key, record, found) : this.#held(key, proposal, lock);
  }

  #granted(key: Key, record: ClaimRecord, { lock, checkpoint }: Found): Granted {
    const { claimId } = record;
    this.#unanswered.delete(claimId);
    if (lock && !this.#holds.get(claimId)) {
      const token = tokenOf(lock);
      this.#holds.add({
        key,
        path: lock.path,
        claimId,
        token,
        index: lock.modifyIndex,
        saved: savedIn(checkpoint, token),
        record,
        lost: undefined,
        isAskedBack: record.evict === true,
        leave: () => {},
      });
    }
    const { token } = this.#holds.of({ key, claimId });
    const text = decodeCheckpoint(checkpoint)?.text;
    return { outcome: 'granted', key, claimId, token, checkpoint: text, announced: true };
  }

  #held(key: Key, { claimId }: ClaimRecord, pair: Pair | undefined): Held {
    const cursor: Cursor = { index: pair?.modifyIndex ?? 0 };
    const holder = holderOf(key.name, pair);
    const held = { outcome: 'held', key, claimId, holder, cursor } as const;
    return holder ? held : { ...held, delayed: 'lock-delay', retryInMs: this.#site.delayRetryMs };
  }
}
