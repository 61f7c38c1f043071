import { decodeRecord } from '@tenure/core/store';
import type { Site } from './site.ts';
import { isUnchanged, remove } from './operation.ts';

interface Ghost {
  readonly path: string;
  readonly leave: () => void;
  sweepsLeft: number;
}

/** Two TTLs: longer than a Consul server holds a request back to wait for a leader. */
const SWEEPS = 6;

/**
 * Claims that were given up before they were answered. One may be applied after its release, and would then hold the
 * key for as long as the session lives, with nobody to know of it.
 */
export class Ghosts {
  readonly #site: Site;
  readonly #session: string;
  readonly #expected = new Map<string, Ghost>();

  constructor(site: Site, session: string) {
    this.#site = site;
    this.#session = session;
  }

  expect(path: string, claimId: string): void {
    const leave = this.#site.lookout.observe(path, { since: 0, seen: () => {}, failed: () => {} });
    this.#expected.set(claimId, { path, leave, sweepsLeft: SWEEPS });
  }

  paths(): string[] {
    return [...this.#expected.values()].map(({ path }) => path);
  }

  /** Comes after a look at `paths()`. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { transactions, lookout } = this.#site;
    await Promise.allSettled(
      [...this.#expected].map(async ([claimId, ghost]) => {
        const pair = lookout.glimpse(ghost.path);
        if (pair?.session === this.#session && decodeRecord(pair.value)?.claimId === claimId) {
          const { path } = ghost;
          await transactions.write(path, [isUnchanged(path, pair.modifyIndex), remove(path)], signal);
        }
        ghost.sweepsLeft -= 1;
        if (ghost.sweepsLeft === 0) this.#drop(claimId, ghost);
      }),
    );
  }

  forget(): void {
    for (const [claimId, ghost] of this.#expected) this.#drop(claimId, ghost);
  }

  #drop(claimId: string, { leave }: Ghost): void {
    leave();
    this.#expected.delete(claimId);
  }
}
