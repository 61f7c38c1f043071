import { later, systemClock } from '@tenure/core/store';
import type { ClaimNews, Key } from '@tenure/core/store';
import { Claim } from './claim.ts';
import type { Endpoints } from './endpoints.ts';
import { inspect } from './inspection.ts';
import type { Holding } from './inspection.ts';
import type { WatchStream } from './watch-stream.ts';

/** Where there are too many claims to look at each, every so many-th renewal lists them: at least one in a TTL. */
const THOROUGH_PERIOD = 3;

/** As of now: while the store is asked about it, the claim may change. */
const holdingOf = (claim: Claim): (Holding & { readonly claim: Claim })[] => {
  const { of: key, claimId, key: path, token } = claim;
  return token === undefined ? [] : [{ key, claimId, path, token, claim }];
};

/** A claim is not watched for so long at most: most locks are released before that, and cost no watch then. */
const MOMENT_MS = 100;

const nameOf = (path: Buffer): string => path.toString('latin1');

/**
 * What the session has claimed, and what it knows to be wrong with it. The watch on each claim's key is the fast
 * way to know; {@link Ledger.verify} is the one that counts.
 */
export class Ledger {
  readonly #lease: { readonly id: string; readonly hex: string };
  readonly #endpoints: Endpoints;
  readonly #watches: WatchStream;
  readonly #hint: () => void;
  readonly #claims = new Map<string, Claim>();
  /** Of this moment, and not watched yet. */
  readonly #young = new Set<Claim>();
  #cancelAlarm: (() => void) | undefined;
  #renewals = 0;
  #hinted = false;
  #heardSince: () => void = () => {};

  constructor(
    lease: { readonly id: string; readonly hex: string },
    endpoints: Endpoints,
    watches: WatchStream,
    hint: () => void,
  ) {
    this.#lease = lease;
    this.#endpoints = endpoints;
    this.#watches = watches;
    this.#hint = hint;
  }

  enter(key: Key, claimId: string, path: Buffer): Claim {
    const known = this.#claims.get(nameOf(path));
    if (known) return known;
    const claim = new Claim(this, key, claimId, path);
    this.#claims.set(nameOf(path), claim);
    return claim;
  }

  find(path: Buffer): Claim | undefined {
    return this.#claims.get(nameOf(path));
  }

  /** Its key stood as of `revision`; with a token, as the first. */
  stands(claim: Claim, revision: bigint, token: bigint | undefined): void {
    if (this.find(claim.key) !== claim) return;
    claim.token = token;
    claim.stoodAt = revision;
    claim.from = revision + 1n;
    claim.deleted = false;
    this.#watchSoon(claim);
  }

  strike(path: Buffer): void {
    const claim = this.find(path);
    if (!claim) return;
    this.#claims.delete(nameOf(path));
    this.#forget(claim);
  }

  news(): ClaimNews[] {
    const news: ClaimNews[] = [];
    for (const { claimId, token, evicted, forced, deleted } of this.#claims.values()) {
      const what = forced ? 'forced' : deleted ? 'deleted' : evicted ? 'evicted' : undefined;
      if (token !== undefined && what) news.push({ claimId, what });
    }
    return news;
  }

  /** Ask the store what became of the claims. Never depends on what a watch has said or not said. */
  async verify(signal: AbortSignal): Promise<void> {
    for (const claim of this.#claims.values()) this.#watch(claim);
    const heardSince = this.#watches.probe();
    this.#renewals += 1;
    const thorough = this.#hinted || this.#renewals % THOROUGH_PERIOD === 0;
    const held = [...this.#claims.values()].flatMap(holdingOf);
    if (held.length > 0) {
      if (thorough) this.#hinted = false;
      const { evicted, forced, deleted } = await inspect(
        held,
        this.#lease,
        this.#endpoints,
        thorough,
        signal,
      );
      for (const { claim } of evicted) claim.evicted = true;
      for (const { claim } of forced) claim.forced = true;
      for (const { claim, token } of deleted) if (claim.token === token) claim.deleted = true;
    }
    this.#heardSince();
    this.#heardSince = heardSince;
  }

  /** Something has happened to a claim that holds its key: the next look is a thorough one. */
  hint(): void {
    this.#hinted = true;
    this.#hint();
  }

  /** The session is over: whoever waits may ask, and hear it. */
  close(): void {
    this.#cancelAlarm?.();
    for (const claim of this.#claims.values()) this.#forget(claim);
    this.#claims.clear();
  }

  #forget(claim: Claim): void {
    this.#young.delete(claim);
    if (claim.watchId !== undefined) this.#watches.remove(claim.watchId);
    claim.watchId = undefined;
    claim.wake();
  }

  #watchSoon(claim: Claim): void {
    if (claim.watchId !== undefined) return;
    this.#young.add(claim);
    this.#cancelAlarm ??= systemClock.alarm(later(systemClock.now(), MOMENT_MS), () => {
      this.#cancelAlarm = undefined;
      for (const young of this.#young) this.#watch(young);
    });
  }

  #watch(claim: Claim): void {
    this.#young.delete(claim);
    if (claim.stoodAt === 0n) return;
    claim.watchId ??= this.#watches.add(claim);
  }
}
