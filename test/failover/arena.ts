import { randomUUID } from 'node:crypto';
import type { Cluster, RaftCluster } from '../servers/cluster.ts';
import { until } from '../servers/until.ts';
import { Contender } from './contender.ts';
import { breaches, current, overlaps, reignsOf } from './history.ts';
import type { Plan } from './protocol.ts';
import { openVenue } from '../servers/venue.ts';
import type { Cut, Venue, VenueKind, VenueOptions } from '../servers/venue.ts';

const TTL_MS = 3000;
/** How many processes start at once: they are slow to load, and the machine is small. */
const STARTS_AT_ONCE = 4;

export interface Entry {
  readonly id: string;
  readonly keys: readonly string[];
  /** Reach the store through this; directly, when left out. */
  readonly through?: Cut;
  readonly releaseOn?: readonly NodeJS.Signals[];
  readonly reads?: boolean;
}

/** Real servers and the processes that contend there; all are gone when it is disposed. */
export class Arena implements AsyncDisposable {
  readonly venue: Venue;
  readonly ttlMs: number;
  readonly namespace = `arena-${randomUUID().slice(0, 8)}`;
  readonly contenders: Contender[] = [];
  readonly #cuts: Cut[] = [];

  private constructor(venue: Venue, ttlMs: number) {
    this.venue = venue;
    this.ttlMs = ttlMs;
  }

  static async open(
    kind: VenueKind,
    { ttlMs = TTL_MS, ...options }: VenueOptions & { readonly ttlMs?: number } = {},
  ): Promise<Arena> {
    return new Arena(await openVenue(kind, options), ttlMs);
  }

  get cluster(): Cluster {
    if (!this.venue.cluster) throw new Error(`${this.venue.kind} has no server`);
    return this.venue.cluster;
  }

  get raft(): RaftCluster {
    if (!('leader' in this.cluster)) throw new Error(`${this.venue.kind} has no leader among its servers`);
    return this.cluster as RaftCluster;
  }

  get expiryMs(): number {
    return this.venue.expiryMs(this.ttlMs);
  }

  async cut(): Promise<Cut> {
    const cut = await this.venue.cut();
    this.#cuts.push(cut);
    return cut;
  }

  /** Resolves when each of these keys has a leader. */
  async led(keys: readonly string[]): Promise<void> {
    await until('every key is led', async () => {
      const led = new Set(current(reignsOf(this.contenders)).map(({ key }) => key));
      return keys.every((key) => led.has(key)) || undefined;
    });
  }

  /** Starts the processes, a few at a time. They stand for nothing yet. */
  async enter(...entries: readonly Entry[]): Promise<Contender[]> {
    const entered: Contender[] = [];
    for (let first = 0; first < entries.length; first += STARTS_AT_ONCE) {
      const batch = entries
        .slice(first, first + STARTS_AT_ONCE)
        .map((entry) => new Contender(this.#plan(entry)));
      // Before they are ready: one that never is must be ended too.
      this.contenders.push(...batch);
      entered.push(...batch);
      await Promise.all(batch.map((contender) => contender.next('ready')));
    }
    return entered;
  }

  /**
   * Closes what runs, expects it to end by itself, and tells everything that was wrong since the arena was opened.
   * A store that was made to break its word is asked about everything but overlaps.
   */
  async verdict({ storeKeptItsWord = true } = {}): Promise<string[]> {
    const judge = (): string[] => [
      ...breaches(this.contenders),
      ...(storeKeptItsWord ? overlaps(this.contenders) : []),
    ];
    const found = judge();
    const running = this.contenders.filter((contender) => contender.running);
    const endings = await Promise.all(running.map((contender) => contender.close()));
    const unclean = endings.flatMap(({ code, signal }, index) =>
      code === 0 ? [] : [`${running[index]!.id}: ended with ${signal ?? code} after close()`],
    );
    return [...found, ...unclean, ...judge().filter((violation) => !found.includes(violation))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.contenders.map((contender) => contender.end('SIGKILL')));
    await Promise.all(this.#cuts.map((cut) => cut.close()));
    await this.venue.close();
  }

  #plan({ id, keys, through, releaseOn = [], reads = true }: Entry): Plan {
    const { namespace, ttlMs } = this;
    const storeUrl = this.venue.url(through?.address && [through.address]);
    return { id, keys, releaseOn, reads, namespace, ttlMs, storeUrl };
  }
}
