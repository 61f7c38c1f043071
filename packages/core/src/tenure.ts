import type { EventEmitter } from 'eventemitter3';
import { Candidacy } from './election/candidacy.ts';
import { ClaimIds } from './election/claim-ids.ts';
import { Reclaim } from './election/reclaim.ts';
import { Rounds } from './election/rounds.ts';
import type { Surroundings } from './election/surroundings.ts';
import { Election } from './election/election.ts';
import { ClosedError, ListenerError } from './errors.ts';
import { leaderOf } from './leader.ts';
import type { Candidate, Leader } from './leader.ts';
import { Lock } from './lock.ts';
import { Observations } from './observe.ts';
import { checkName, refuseUnknown, resolveOptions } from './options.ts';
import type { Resolved, TenureOptions } from './options.ts';
import { bounded, pause } from './runtime/patience.ts';
import type { Json } from './record.ts';
import { releaseOn } from './release-on.ts';
import { Session } from './session/session.ts';
import type { SessionEvents } from './session/events.ts';
import type { Key } from './store.ts';
import type { Observable } from 'rxjs';
import { deriveTiming } from './timing.ts';
import { Turn } from './runtime/turn.ts';
import { checkRecord } from './value.ts';

/** All elections and locks of this process in one namespace of one store, on one session. */
export class Tenure {
  /** What happens to the session that carries them. */
  readonly session: EventEmitter<SessionEvents>;
  readonly #options: Resolved;
  readonly #session: Session;
  readonly #turn: Turn;
  readonly #standing = new Set<Candidacy>();
  readonly #observations: Observations;
  readonly #around: Surroundings;
  readonly #byHand = new Set<() => Promise<void>>();
  #closed = false;
  readonly #removeSignals: () => void;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(options: TenureOptions) {
    this.#options = resolveOptions(options);
    this.#turn = new Turn((error) => this.#report('tenure', error));
    const { store, clock, timing, chance } = this.#options;
    const trouble = (error: unknown): void => this.#report('observe', error);
    this.#observations = new Observations({ store, clock, timing, chance, turn: this.#turn, trouble });
    this.#session = this.#newSession(this.#options.timing);
    this.session = this.#session.events;
    this.#around = this.#surroundings();
    this.#removeSignals = releaseOn(this.#options.releaseOn, () => this.close());
  }

  /** Who we are, as others see it. */
  get candidate(): Candidate {
    return this.#options.candidate;
  }

  /**
   * A candidate of its own: two elections of one key contend, here as elsewhere.
   * @throws InvalidArgumentError, ValueTooLargeError, ClosedError
   */
  election(key: string, options: { readonly metadata?: Json } = {}): Election {
    refuseUnknown('election', options, ['metadata']);
    const { candidate, store } = this.#options;
    const who = options.metadata === undefined ? candidate : { id: candidate.id, metadata: options.metadata };
    checkRecord(who, store.traits);
    return new Election(new Candidacy(this.#key(key), who, 'resign', this.#around), this.#observations);
  }

  /** @throws InvalidArgumentError, ClosedError */
  lock(key: string): Lock {
    const name = this.#key(key);
    const { clock, graceMs, candidate } = this.#options;
    const make = (around: Surroundings): Candidacy => {
      this.#refuseClosed();
      return new Candidacy(name, candidate, 'stop', around);
    };
    return new Lock(key, {
      clock,
      graceMs,
      candidacy: () => make(this.#around),
      byHand: (ttlMs) => {
        const { store, timing, timingOptions } = this.#options;
        const own =
          ttlMs === undefined
            ? timing
            : // How far clocks may be trusted does not depend on the TTL; what else was set is made for another one.
              deriveTiming(ttlMs, ttlMs === timing.ttlMs ? timingOptions : { drift: timing.drift }, store);
        const session = this.#newSession(own);
        const dispose = async (): Promise<void> => {
          await session.close();
          this.#byHand.delete(dispose);
        };
        this.#byHand.add(dispose);
        const won = async (): Promise<void> => {
          session.renewByHand();
          // One fresh TTL to begin with. Where even that cannot be had, what is left is told by `remainingMs()`.
          for (let tries = 0; tries < 3; tries++) {
            const renewed = await session.renew().then(
              () => true,
              () => false,
            );
            if (renewed) return;
          }
        };
        const rounds = new Rounds({ session, timing: own, clock });
        return { candidacy: make({ ...this.#around, timing: own, session, rounds }), won, dispose };
      },
    });
  }

  /** Who holds `key`, whoever it is, without standing: the current value first. */
  observe(key: string): Observable<Leader | undefined> {
    return this.#observations.leader(this.#key(key));
  }

  /**
   * Everything that is held in this namespace and whose key starts with `prefix`.
   * @throws StoreUnavailableError, AccessDeniedError, ClosedError
   */
  async leaders(prefix = ''): Promise<readonly Leader[]> {
    this.#refuseClosed();
    const { store, clock, timing, namespace } = this.#options;
    const holders = await bounded(clock, timing.connectMs, (signal) =>
      store.list({ namespace, name: prefix }, signal),
    );
    return holders.map(leaderOf);
  }

  /**
   * Ask the holder of `key` to step down: it stops, lets go when its work has settled, and stands back. With `force`
   * the key is taken from it at once: until it has noticed, which may take a third of its TTL and one timeout, its
   * term overlaps with the next, and only the token protects.
   * @returns whether there was a holder to ask.
   * @throws StoreUnavailableError, AccessDeniedError, InvalidArgumentError, ClosedError
   */
  async evict(key: string, options: { readonly force?: boolean } = {}): Promise<boolean> {
    refuseUnknown('evict', options, ['force']);
    const name = this.#key(key);
    const { store, clock, timing } = this.#options;
    return bounded(clock, timing.connectMs, async (signal) => {
      const holder = await store.holder(name, signal);
      return holder ? store.evict(name, holder.token, { force: options.force ?? false }, signal) : false;
    });
  }

  /**
   * Release everything and end the session: work of `lead` and `run` is told to stop and gets `graceMs` to settle.
   * Leaves no timer, socket or listener. Never rejects: what the store cannot be told ends with the session's TTL.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { clock, graceMs, timing, store } = this.#options;
    // First: a listener that hears of its release must not stand again.
    this.#closed = true;
    this.#removeSignals();
    const candidacies = [...this.#standing];
    const stopped = Promise.all(candidacies.map((candidacy) => candidacy.stop('closed')));
    const patience = new AbortController();
    await Promise.race([stopped, pause(clock, graceMs, patience.signal).catch(() => {})]);
    for (const candidacy of candidacies) candidacy.holdOver(0);
    // The releases of keys that were given up just now.
    await Promise.race([stopped, pause(clock, timing.connectMs, patience.signal).catch(() => {})]);
    patience.abort();
    this.#observations.close();
    await Promise.all([...this.#byHand].map((dispose) => dispose()));
    await this.#session.close();
    try {
      await bounded(clock, timing.connectMs, () => store.close());
    } catch (error) {
      this.#report('close', error);
    }
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ClosedError('the tenure was closed');
  }

  #key(name: string): Key {
    this.#refuseClosed();
    checkName('key', name);
    return { namespace: this.#options.namespace, name };
  }

  #newSession(timing: Resolved['timing']): Session {
    const { store, clock, chance, candidate, namespace } = this.#options;
    const failed = (event: string, error: unknown): void => this.#report(event, error);
    const { id: name } = candidate;
    return new Session({ store, timing, clock, chance, turn: this.#turn, name, namespace, failed });
  }

  #surroundings(): Surroundings {
    const { store, timing, clock, chance, reclaim, candidate } = this.#options;
    const claimIds = new ClaimIds(chance);
    const isOurs = (claimId: string): boolean => claimIds.isOurs(claimId);
    const isStray = (claimId: string): boolean =>
      isOurs(claimId) && ![...this.#standing].some((candidacy) => candidacy.knows(claimId));
    return {
      store,
      session: this.#session,
      rounds: new Rounds({ session: this.#session, timing, clock }),
      standing: this.#standing,
      timing,
      clock,
      chance,
      turn: this.#turn,
      nonce: () => claimIds.next(),
      isStray,
      reclaim: reclaim ? new Reclaim({ store, id: candidate.id, isOurs }) : undefined,
      refuseClosed: () => this.#refuseClosed(),
    };
  }

  /** What concerns no candidate in particular goes to all of them. */
  #report(where: string, error: unknown): void {
    const problem = error instanceof Error ? error : new ListenerError(where, error);
    for (const candidacy of this.#standing) candidacy.trouble(problem);
  }
}

/**
 * Elections and locks over a store.
 * @throws InvalidArgumentError when an option is unknown or makes no sense for this store. Nothing is sent before the first election starts.
 */
export function createTenure(options: TenureOptions): Tenure {
  return new Tenure(options);
}
