import type {
  ClaimNews,
  ClaimRecord,
  Granted,
  Held,
  Holding,
  Key,
  Renewed,
  StoreSession,
} from '@tenure/core/store';
import { Claims, goneError } from './claims.ts';
import { inScripts } from './in-scripts.ts';
import type { Part } from './in-scripts.ts';
import { REVOKED_BITS } from './queue.ts';
import { Recheck } from './recheck.ts';
import type { Place } from './recheck.ts';
import * as scripts from './session-scripts.ts';
import type { Site } from './site.ts';
import type { Sweep } from './sweep.ts';

/** What an operator deletes by hand moves no counter: so everything is looked at once a TTL in any case. */
const RENEWALS_PER_LOOK = 3;

export interface Opened {
  readonly id: string;
  readonly namespace: string;
  readonly ttlMs: number;
  readonly adopted: boolean;
}

export class RedisSession implements StoreSession {
  readonly id: string;
  readonly ttlMs: number;
  readonly adopted: boolean;
  readonly #site: Site;
  readonly #sweep: Sweep;
  readonly #namespace: string;
  readonly #key: string;
  readonly #claims: Claims;
  readonly #recheck: Recheck;
  readonly #gone = new AbortController();
  readonly #hints = new Set<() => void>();
  readonly #deafen: () => void;
  /** How often a claim was taken or asked back, as of the last look. */
  #revoked = 0n;
  #renewalsSinceLook = 0;

  constructor(site: Site, sweep: Sweep, { id, namespace, ttlMs, adopted }: Opened) {
    this.id = id;
    this.ttlMs = ttlMs;
    this.adopted = adopted;
    this.#site = site;
    this.#sweep = sweep;
    this.#namespace = namespace;
    this.#key = site.layout.session(namespace, id);
    this.#claims = new Claims(site, namespace, this.#key);
    this.#recheck = new Recheck(site, this.#key, ttlMs);
    this.#deafen = site.newsroom.about(this.#key, {
      parking: this.#claims.parking,
      revoked: () => {
        for (const hint of this.#hints) queueMicrotask(hint);
      },
      ended: () => queueMicrotask(() => this.#gone.abort(goneError(this.#key))),
    });
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** One command, whatever the session holds; more when its counter has moved, and once a TTL. */
  async renew(signal: AbortSignal): Promise<Renewed> {
    this.#enter(signal);
    // A connection for news that was lost is made anew here at the latest.
    this.#site.newsroom.listen(this.#key, this.#namespace);
    const counter = await this.#site.line.text(scripts.renew, [this.#key], [this.ttlMs], signal);
    if (counter === null) throw goneError(this.#key);
    const revoked = BigInt(counter) >> BigInt(REVOKED_BITS);
    this.#renewalsSinceLook += 1;
    if (revoked !== this.#revoked || this.#renewalsSinceLook >= RENEWALS_PER_LOOK) {
      await this.#look(signal);
      this.#revoked = revoked;
      this.#renewalsSinceLook = 0;
    }
    this.#sweep.renewed(this.#namespace);
    return { ttlMs: this.ttlMs, news: this.#claims.holdings.news };
  }

  async claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    this.#enter(signal);
    return this.#claims.claim(key, proposal, signal);
  }

  async park({ cursor }: Held, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#site.closing.aborted) await (cursor as Place | undefined)?.ticket.wait(signal);
  }

  async recheck(helds: readonly Held[], signal: AbortSignal): Promise<(Held | undefined)[]> {
    this.#enter(signal);
    return this.#recheck.of(helds, signal);
  }

  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    this.#enter(signal);
    await this.#claims.release(key, claimId, signal);
  }

  async announce(granted: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    this.#enter(signal);
    await this.#claims.announce(granted, record, signal);
  }

  async save(granted: Granted, checkpoint: string, sequence: number, signal: AbortSignal): Promise<void> {
    this.#enter(signal);
    await this.#claims.save(granted, checkpoint, sequence, signal);
  }

  /** Frees what it holds, so that all of it is forgotten in time, and then ends it. */
  async close(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#hints.clear();
    this.#deafen();
    const { line, layout, settings, closing, counted } = this.#site;
    if (closing.aborted) return;
    const leaving = [...this.#claims.waiting].map(([claimId, key]) =>
      this.#claims.release(key, claimId, signal),
    );
    await Promise.all(leaving);
    for (const { namespace, items: holdings } of this.#held()) {
      const keys = [this.#key, ...holdings.map(({ key }) => layout.lock(key))];
      const names = holdings.map(({ key }) => key.name);
      const args = [layout.base(namespace), settings.retainMs, counted, ...names];
      await line.run(scripts.freeAll, keys, args, signal);
    }
    await line.run(scripts.end, [this.#key], [layout.base(this.#namespace)], signal);
  }

  taken(hint: () => void): () => void {
    // A function of its own, so that a listener that is given twice is two.
    const call = (): void => hint();
    this.#hints.add(call);
    return () => void this.#hints.delete(call);
  }

  #enter(signal: AbortSignal): void {
    signal.throwIfAborted();
    this.#site.closing.throwIfAborted();
  }

  #held(): readonly Part<Holding>[] {
    return inScripts(this.#claims.holdings.all);
  }

  /** Whether what was granted still is its own (S13). What is granted after this is not judged by the answer. */
  async #look(signal: AbortSignal): Promise<void> {
    const { line, layout } = this.#site;
    for (const { items: holdings } of this.#held()) {
      const keys = [this.#key, ...holdings.map(({ key }) => layout.lock(key))];
      const claims = holdings.map(({ claimId }) => claimId);
      const tokens = holdings.map(({ token }) => token);
      const fates = await line.list(scripts.look, keys, [...claims, ...tokens], signal);
      for (const [i, claimId] of claims.entries()) this.#claims.holdings.judge(claimId, fateOf(fates[i]));
    }
  }
}

function fateOf(word: unknown): 'held' | ClaimNews['what'] {
  const fate = String(word);
  if (fate === 'held' || fate === 'evicted' || fate === 'forced' || fate === 'superseded') return fate;
  return 'deleted';
}
