import { ClaimLostError, encodeRecord, NotAppliedError, type ClaimRecord } from '@tenure/core/store';
import { encodeCheckpoint, savedIn } from './checkpoint.ts';
import { observe, valueOf, type Hold } from './hold.ts';
import type { Pair } from './pair.ts';
import { checkSize, type Site } from './site.ts';
import { isAbsent, isHeldBy, isUnchanged, lock, set } from './operation.ts';
import type { Operation } from './operation.ts';

/** A write that finds the key moved (an operator's mark, a plain PUT) looks again, but not for ever. */
const ATTEMPTS = 5;

/**
 * What a holder writes. Each write is one transaction that also checks session and index, so that Consul itself
 * refuses it to anybody but the claim that was last seen to hold the key.
 */
export class Writer {
  readonly #site: Site;
  readonly #session: string;
  readonly #hint: () => void;

  constructor(site: Site, session: string, hint: () => void) {
    this.#site = site;
    this.#session = session;
    this.#hint = hint;
  }

  async announce(hold: Hold, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    checkSize('the record', encodeRecord(record));
    await this.#write(hold, () => valueOf(hold, record), signal);
    hold.record = record;
  }

  /** Somebody has written over the record, which does not touch the lock. */
  repair(hold: Hold, signal: AbortSignal): Promise<void> {
    return this.#write(hold, () => valueOf(hold, hold.record), signal);
  }

  async save(
    hold: Hold,
    { text, sequence }: { readonly text: string; readonly sequence: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { transactions, layout } = this.#site;
    const path = layout.checkpoint(hold.key);
    const value = encodeCheckpoint({ token: hold.token, sequence, text });
    checkSize('the checkpoint', text);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      // An earlier attempt of this save, or one that came after it, has arrived.
      if (hold.saved.sequence >= sequence) return;
      const { index } = hold.saved;
      const guard = index === undefined ? isAbsent(path) : isUnchanged(path, index);
      const operations = [...this.#guards(hold), guard, set(path, value)];
      const answer = await transactions.write(hold.path, operations, signal);
      if (answer.applied) {
        hold.saved = { index: answer.pairs.get(path)?.modifyIndex, sequence };
        return;
      }
      const pairs = await transactions.read([hold.path, path], signal);
      this.demand(hold, pairs.get(hold.path));
      hold.saved = savedIn(pairs.get(path), hold.token);
    }
    throw new NotAppliedError(`${path} kept changing while it was to be saved`);
  }

  async #write(hold: Hold, value: () => string, signal: AbortSignal): Promise<void> {
    const { transactions } = this.#site;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      // The lock operation, unlike a plain set, leaves LockIndex and flags as Go's clients expect them.
      const write = lock(hold.path, this.#session, value());
      const answer = await transactions.write(hold.path, [...this.#guards(hold), write], signal);
      if (answer.applied) {
        hold.index = Math.max(hold.index, answer.pairs.get(hold.path)?.modifyIndex ?? 0);
        return;
      }
      this.demand(hold, (await transactions.read([hold.path], signal)).get(hold.path));
    }
    throw new NotAppliedError(`${hold.path} kept changing while it was to be written`);
  }

  #guards({ path, index }: Hold): Operation[] {
    return [isHeldBy(path, this.#session), isUnchanged(path, index)];
  }

  /** Takes note of what is there, and throws unless it still is that claim's. */
  demand(hold: Hold, pair: Pair | undefined): void {
    if (observe(hold, this.#session, pair)) this.#hint();
    if (!hold.lost) return;
    throw new ClaimLostError(`claim ${hold.claimId} does not hold ${hold.key.name}: ${hold.lost}`);
  }
}
