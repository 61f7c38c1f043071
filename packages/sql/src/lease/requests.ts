import { Batches } from '@tenure/core/store';
import type { BatchItem } from '@tenure/core/store';
import { free, freeAll, isRefused } from './freeing.ts';
import type { Claim } from './lock-statements.ts';
import type { Hold } from './release-statements.ts';
import type { Site } from './site.ts';
import { contend, takeAllUnseen, takeUnseen } from './taking.ts';
import type { Attempt } from './taking.ts';
import { nameOf } from './key-name.ts';

const MOST = 128;
const MOST_BYTES = 256 * 1024;
/** Beside one that was alone: with two of them, one that waits for a row does not hold up all others. */
const AT_ONCE = 1;

interface Item<T extends Hold> extends BatchItem {
  readonly of: T;
}

/**
 * The claims and releases of one session: each is a statement of its own, and what comes while some are under way goes
 * with the next one.
 */
export class Requests {
  readonly #site: Site;
  readonly #claims: Batches<Item<Claim>, Attempt>;
  readonly #releases: Batches<Item<Hold>, boolean>;
  /** By claim: what was sent of it. One that was given up may still be in it, among others. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  /** Claims that got no answer when they went with others: they may be what the others waited for. */
  readonly #loners = new Set<string>();

  constructor(site: Site) {
    const { dialect, runTogether } = site.database;
    const most = dialect.unnest || !dialect.returning || runTogether ? MOST : 1;
    const options = { most, mostBytes: MOST_BYTES, ...(most > 1 ? { atOnce: AT_ONCE } : {}), isRefused };
    this.#site = site;
    this.#claims = new Batches({
      ...options,
      send: (items, signal) =>
        this.#follow<Claim, Attempt>(items, signal, (claims) =>
          claims.length === 1
            ? this.#takeOne(claims[0]!, signal).then((attempt) => [attempt])
            : takeAllUnseen(site, claims, signal).then((all) => all.map((taken) => ({ taken }))),
        ),
    });
    this.#releases = new Batches({
      ...options,
      send: (items, signal) =>
        this.#follow(items, signal, (holds) =>
          holds.length === 1
            ? free(site, holds[0]!, signal).then((was) => [was])
            : freeAll(site, holds, signal),
        ),
    });
  }

  /** Undefined when somebody has the key or the session is over. */
  take(claim: Claim, signal: AbortSignal): Promise<Attempt> {
    const { key, claimId, value } = claim;
    if (this.#isAlone(claimId)) return this.#alone(claim, this.#takeOne(claim, signal));
    return this.#claims.run({ lane: nameOf(key), bytes: value.length * 2, of: claim }, signal);
  }

  /** Nothing is under way with which more could come together; or it shall not go with others. */
  #isAlone(claimId: string): boolean {
    return this.#underWay.size === 0 || this.#loners.has(claimId);
  }

  async #alone<R>({ claimId }: Hold, sent: Promise<R>): Promise<R> {
    this.#underWay.set(claimId, sent);
    try {
      return await sent;
    } finally {
      if (this.#underWay.get(claimId) === sent) this.#underWay.delete(claimId);
    }
  }

  async #takeOne(claim: Claim, signal: AbortSignal): Promise<Attempt> {
    if (claim.isRace && this.#site.database.dialect.unnest) return contend(this.#site, claim, signal);
    return { taken: await takeUnseen(this.#site, claim, signal) };
  }

  /** False when there certainly was nothing to give back. */
  async free(hold: Hold, signal: AbortSignal): Promise<boolean> {
    const { key, claimId } = hold;
    const was = this.#isAlone(claimId)
      ? await this.#alone(hold, free(this.#site, hold, signal))
      : await this.#releases.run({ lane: nameOf(key), bytes: 0, of: hold }, signal);
    this.#loners.delete(claimId);
    return was;
  }

  /** Settles when nothing that was sent of this claim is under way any more; what became of it has been told to who asked. */
  underWay(claimId: string): Promise<unknown> | undefined {
    return this.#underWay.get(claimId);
  }

  async #follow<T extends Hold, R>(
    items: readonly Item<T>[],
    signal: AbortSignal,
    send: (all: readonly T[]) => Promise<readonly R[]>,
  ): Promise<readonly R[]> {
    const all = items.map(({ of }) => of);
    const sent = send(all);
    for (const { claimId } of all) this.#underWay.set(claimId, sent);
    try {
      return await sent;
    } catch (error) {
      if (signal.aborted && all.length > 1) for (const { claimId } of all) this.#loners.add(claimId);
      throw error;
    } finally {
      for (const { claimId } of all) if (this.#underWay.get(claimId) === sent) this.#underWay.delete(claimId);
    }
  }
}
