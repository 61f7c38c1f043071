import { randomUUID } from 'node:crypto';
import type { Address } from '@tenure/conformance/network';
import { Contender } from '../failover/contender.ts';
import type { Ending } from '../failover/contender.ts';
import type { Venue } from '../servers/venue.ts';
import type { Chronicle } from './chronicle.ts';
import { Network } from './network.ts';

/** A place for a process; who dies is followed by a new one, with a new id. */
export interface Berth {
  readonly name: string;
  readonly network: Network;
  readonly observes: boolean;
  readonly stands: boolean;
  readonly clockRate: number;
  contender: Contender;
  lives: number;
}

const STARTS_AT_ONCE = 3;

export interface CrewOptions {
  readonly venue: Venue;
  readonly ttlMs: number;
  readonly keys: readonly string[];
  readonly processes: number;
  /** Of the clocks of all but the last two. */
  readonly clockRate: number;
  readonly chronicle: Chronicle;
  readonly resources: Address;
}

/** The processes of a storm. All stand for all keys but the last, which only looks on; some do both. */
export class Crew {
  readonly berths: Berth[] = [];
  readonly #options: CrewOptions;
  readonly #namespace = `storm-${randomUUID().slice(0, 8)}`;
  readonly #dead: Contender[] = [];

  private constructor(options: CrewOptions) {
    this.#options = options;
  }

  static async muster(options: CrewOptions): Promise<Crew> {
    const crew = new Crew(options);
    for (let index = 0; index < options.processes; index += 1) {
      const network = await Network.open(options.venue, options.resources);
      const stands = index < options.processes - 1;
      const observes = !stands || index % 3 === 0;
      const clockRate = index < options.processes - 2 ? options.clockRate : 1;
      const berth = { name: `p${index + 1}`, network, observes, stands, clockRate, lives: 1 };
      crew.berths.push({ ...berth, contender: crew.#spawn(berth) });
      // They are slow to load, and the machine is small.
      if (index % STARTS_AT_ONCE === STARTS_AT_ONCE - 1) await crew.#loaded();
    }
    await crew.#loaded();
    await crew.berths[0]!.contender.lead();
    for (const berth of crew.berths) crew.#begin(berth);
    return crew;
  }

  get namespace(): string {
    return this.#namespace;
  }

  get keys(): readonly string[] {
    return this.#options.keys;
  }

  get candidates(): readonly Berth[] {
    return this.berths.filter(({ stands }) => stands);
  }

  /** Where that key's leader is, or anybody who stands. */
  leaderOf(key: string): Berth {
    const reign = this.#options.chronicle.leader(key);
    return this.berths.find(({ contender }) => contender === reign?.contender) ?? this.candidates[0]!;
  }

  /** End it by this signal; what SIGKILL leaves unsaid is nobody's fault. */
  async end(berth: Berth, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { chronicle } = this.#options;
    const { contender } = berth;
    if (!contender.running) return;
    const at = chronicle.now();
    const ending = await contender.end(signal);
    chronicle.died(contender, at, signal);
    if (ending.signal !== signal) this.#complain(contender, ending);
    this.#dead.push(contender);
  }

  /** A new process in place of one that has ended. */
  async replace(berth: Berth): Promise<void> {
    if (berth.contender.running) return;
    berth.lives += 1;
    berth.contender = this.#spawn(berth);
    await berth.contender.next('ready');
    this.#begin(berth);
  }

  /** Everybody closes, and ends by itself. */
  async close(): Promise<void> {
    const { chronicle } = this.#options;
    await Promise.all(
      this.berths.map(async ({ contender }) => {
        const ending = await contender.close();
        if (ending.code !== 0) this.#complain(contender, ending);
      }),
    );
    // What they told themselves is in the chronicle; that somebody ended unasked nobody told.
    for (const contender of [...this.#dead, ...this.berths.map((berth) => berth.contender)])
      for (const message of contender.scandals.slice(contender.of('scandal').length))
        chronicle.add({ what: 'scandal', at: chronicle.now(), message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.berths.map(({ contender }) => contender.end('SIGKILL')));
    await Promise.all(this.berths.map(({ network }) => network.close()));
  }

  #complain(contender: Contender, { code, signal }: Ending): void {
    const { chronicle } = this.#options;
    const message = `${contender.id} was asked to end, and ended with ${signal ?? code}`;
    chronicle.add({ what: 'scandal', at: chronicle.now(), message });
  }

  #spawn({ name, lives, network, clockRate }: Omit<Berth, 'contender'>): Contender {
    const { venue, ttlMs, keys, chronicle } = this.#options;
    const { host, port } = network.resources;
    const plan = {
      id: lives === 1 ? name : `${name}.${lives}`,
      storeUrl: venue.url(network.store.length === 0 ? undefined : network.store),
      namespace: this.#namespace,
      ttlMs,
      keys,
      releaseOn: ['SIGTERM'] as const,
      reads: true,
      clockRate,
      duty: { host, port },
    };
    const contender: Contender = new Contender(plan, (report) => chronicle.hear(contender, report));
    return contender;
  }

  async #loaded(): Promise<void> {
    await Promise.all(this.berths.map(({ contender }) => contender.next('ready')));
  }

  #begin({ contender, observes, stands }: Berth): void {
    if (observes) contender.tell({ order: 'observe', keys: contender.keys });
    if (stands) contender.stand();
  }
}
