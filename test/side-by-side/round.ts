import { setTimeout as pause } from 'node:timers/promises';
import { startProxy } from '@tenure/conformance/network';
import type { Proxy } from '@tenure/conformance/network';
import type { Member } from '../servers/cluster.ts';
import { msBetween } from '../failover/protocol.ts';
import type { Venue } from '../servers/venue.ts';
import type { Contender } from './contenders.ts';
import type { Operator } from './operator.ts';
import { Rival } from './rival.ts';
import { Turns } from './turns.ts';

const STARTED_WITHIN_MS = 180_000;
/** Processes are slow to load, and those that are in a contest need the machine, too. */
const starts = new Turns(6);
/** A process that could not run has so long to say what it finds when it can. */
const AWAKE_MS = 250;

export interface Finding {
  /** From the challenger's "acquired" to the holder's last read that found the lock its own; 0 for none. */
  readonly overlapMs: number;
  /** The holder was told after the challenger had acquired, or never; undefined where it is not told at all. */
  readonly isLate: boolean | undefined;
  /** Nobody got the free lock within two TTLs. */
  readonly isWakeUpLost: boolean;
  /** Why processes ended. */
  readonly crashes: readonly string[];
}

export interface Ring {
  readonly venue: Venue;
  readonly contender: Contender;
  readonly operator: Operator;
  readonly ttlMs: number;
  /** Contained in the names of all locks, and of nothing else in the store. */
  readonly mark: string;
}

/** A holder that reaches the store through something that can be cut, and a challenger that reaches it directly. */
export class Round implements AsyncDisposable {
  readonly key: string;
  readonly cut: Proxy;
  readonly operator: Operator;
  readonly ttlMs: number;
  readonly holder: Rival;
  readonly #ring: Ring;
  readonly #challenger: Rival;
  #isKilled = false;
  #isWakeUpLost = false;
  #releasedAt: bigint | undefined;
  #awakeAt = 0n;

  private constructor(ring: Ring, name: string, cut: Proxy) {
    this.#ring = ring;
    this.cut = cut;
    this.operator = ring.operator;
    this.ttlMs = ring.ttlMs;
    this.key = `${ring.mark}-${name}-`;
    this.holder = this.#rival('holder', ring.venue.url([cut]));
    this.#challenger = this.#rival('challenger', ring.venue.url());
  }

  /** Resolves when the one holds the lock and the other waits for it. */
  static async begin(ring: Ring, name: string): Promise<Round> {
    const { host, port } = ring.venue.cluster!.members[0]!;
    const proxy = await startProxy({ host, port });
    const round = await starts.take(async () => {
      const started = new Round(ring, name, proxy);
      await Promise.all(
        [started.holder, started.#challenger].map((rival) => rival.next('ready', STARTED_WITHIN_MS)),
      );
      return started;
    });
    try {
      await round.#set();
    } catch (error) {
      await round[Symbol.asyncDispose]();
      throw error;
    }
    return round;
  }

  get server(): Member {
    return this.#ring.venue.cluster!.members[0]!;
  }

  /** How long the store keeps the key of a dead session closed after it has ended, because the library asked for it. */
  get delayMs(): number {
    return (this.#ring.contender.delayTtls ?? 0) * this.ttlMs;
  }

  /** How long a lock stays held at most by a holder that is silent. */
  get expiryMs(): number {
    return this.#ring.venue.expiryMs(this.ttlMs) + this.delayMs;
  }

  /** Waits for the challenger: two TTLs, from when the lock is free, which may take so long. */
  async succession(freeWithinMs: number): Promise<void> {
    const acquired = await this.#challenger.next('acquired', freeWithinMs + 2 * this.ttlMs);
    // A challenger that has crashed is counted as that.
    this.#isWakeUpLost = acquired === undefined && this.#challenger.isRunning;
  }

  release(): void {
    this.#releasedAt = process.hrtime.bigint();
    this.holder.tell({ order: 'release' });
  }

  /** The holder can run again, after it could not. */
  awake(): void {
    this.#awakeAt = process.hrtime.bigint();
  }

  async kill(): Promise<void> {
    this.#isKilled = true;
    await this.holder.kill();
  }

  /** Looks a last time, then lets both release and close. */
  async end(): Promise<Finding> {
    this.holder.tell({ order: 'look' });
    await this.holder.next('looked', this.ttlMs);
    const { overlapMs, isLate } = this.#verdict();
    // The holder first: its release must not touch what the challenger has.
    await this.holder.close();
    await this.#challenger.close();
    const crashes = [this.holder, this.#challenger].flatMap(({ crash }) => crash ?? []);
    return { overlapMs, isLate, isWakeUpLost: this.#isWakeUpLost, crashes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.holder.kill(), this.#challenger.kill()]);
    await this.cut.close();
  }

  async #set(): Promise<void> {
    this.holder.tell({ order: 'acquire' });
    await this.#needs(this.holder, 'acquired');
    this.#challenger.tell({ order: 'acquire' });
    await this.#needs(this.#challenger, 'waiting');
    // It asks for the first time, and a renewal goes by.
    await pause(this.ttlMs / 2);
    if (this.holder.first('over') || this.holder.first('told') || !this.holder.isRunning)
      throw new Error(`${this.#ring.contender.name}: the lock was lost before anything was done`);
  }

  async #needs(rival: Rival, what: 'waiting' | 'acquired'): Promise<void> {
    if (await rival.next(what, STARTED_WITHIN_MS)) return;
    const said = rival.reports.map((report) => `${report.what} ${report.detail}`).join('\n');
    throw new Error(`${this.#ring.contender.name}: nobody is "${what}" before anything was done:\n${said}`);
  }

  #verdict(): Pick<Finding, 'overlapMs' | 'isLate'> {
    const { tells } = this.#ring.contender;
    const acquiredAt = this.#challenger.first('acquired')?.at;
    if (acquiredAt === undefined) return { overlapMs: 0, isLate: tells ? false : undefined };
    const overlapMs = Math.max(0, msBetween(acquiredAt, this.holder.lastOursAt));
    if (!tells) return { overlapMs, isLate: undefined };
    const dueAt = this.#awakeAt > acquiredAt ? this.#awakeAt + BigInt(AWAKE_MS) * 1_000_000n : acquiredAt;
    const toldAt = this.holder.first('told')?.at;
    const isMoot =
      this.#isKilled ||
      (this.#releasedAt !== undefined && this.#releasedAt < acquiredAt) ||
      (this.holder.crash !== undefined && overlapMs === 0);
    return { overlapMs, isLate: !isMoot && (toldAt === undefined || toldAt > dueAt) };
  }

  #rival(id: string, url: string): Rival {
    const { contender, ttlMs } = this.#ring;
    return new Rival({ library: contender.name, url, namespace: 'side-by-side', id, ttlMs, key: this.key });
  }
}
