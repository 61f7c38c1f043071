import { setTimeout as pause } from 'node:timers/promises';
import { Arena } from '../failover/arena.ts';
import { counters } from '../failover/cost.ts';
import type { Cut, VenueKind } from '../servers/venue.ts';
import { until } from '../servers/until.ts';
import { Dice } from '../storm/dice.ts';
import { Candidate } from './candidate.ts';
import { growths } from './measurement.ts';
import type { Measurement } from './measurement.ts';
import type { Plan, Sample } from './protocol.ts';
import { sessionsOf } from './sessions.ts';

export interface SoakOptions {
  readonly kind: VenueKind;
  /** How long keys are given up and processes restarted, the pauses for measuring left out. */
  readonly churnMs: number;
  /** Every process stands for all of them. */
  readonly keys: number;
  readonly processes: number;
  readonly ttlMs: number;
  readonly seed: number;
  readonly say: (measurement: Measurement) => void;
}

export interface Soaked {
  readonly measurements: readonly Measurement[];
  readonly violations: readonly string[];
}

/** So many of the processes are never restarted: their memory is what is compared. */
const lasting = (processes: number): number => Math.max(1, Math.ceil(processes / 2));

/** Connections that a process may have at most, where their number depends on how busy it is. */
const POOLED: Partial<Record<VenueKind, number>> = { consul: 40, postgres: 5, mariadb: 4 };

const RESIGN_EVERY_MS = 200;
/** Keys are given up so often that each changes hands once in this time, on average. */
const TURN_MS = 80_000;
/** In each half. */
const RESTARTS = 3;
const SETTLE_MS = 180_000;

class Soak {
  readonly #options: SoakOptions;
  readonly #arena: Arena;
  readonly #cut: Cut;
  readonly #dice: Dice;
  readonly #candidates: Candidate[] = [];
  readonly violations: string[] = [];
  #begun = 0;
  #resigned = 0;
  #restarts = 0;

  constructor(options: SoakOptions, arena: Arena, cut: Cut) {
    this.#options = options;
    this.#arena = arena;
    this.#cut = cut;
    this.#dice = new Dice(options.seed);
  }

  async begin(): Promise<void> {
    for (let place = 0; place < this.#options.processes; place += 1) await this.#enter(place);
  }

  async #enter(place: number): Promise<void> {
    const { venue, namespace, ttlMs } = this.#arena;
    this.#begun += 1;
    const id = `candidate ${this.#begun}`;
    const storeUrl = venue.url(this.#cut.address && [this.#cut.address]);
    const plan: Plan = { id, storeUrl, namespace, ttlMs, keys: this.#options.keys };
    const candidate = new Candidate(plan);
    this.#candidates[place] = candidate;
    await candidate.stand();
  }

  /** Keys are given up, and processes end and begin anew. */
  async churn(ms: number): Promise<void> {
    const { keys, processes } = this.#options;
    const since = performance.now();
    const share = (keys * RESIGN_EVERY_MS) / TURN_MS;
    let restarted = 0;
    let restarting: Promise<void> = Promise.resolve();
    for (let pastMs = 0; pastMs < ms; pastMs = performance.now() - since) {
      await pause(RESIGN_EVERY_MS);
      const count = Math.max(1, Math.round(share));
      const resigning = Array.from({ length: count }, () => this.#dice.whole(0, keys - 1));
      for (const candidate of this.#candidates) candidate.tell({ order: 'resign', keys: resigning });
      this.#resigned += count;
      if (pastMs > ((restarted + 0.5) * ms) / RESTARTS) {
        restarted += 1;
        const place = this.#dice.whole(lasting(processes), processes - 1);
        const isKilled = this.#dice.chance(0.5);
        // Keys change hands meanwhile.
        restarting = restarting.then(() => this.#restart(place, isKilled));
        restarting.catch(() => {});
      }
    }
    await restarting;
  }

  async #restart(place: number, isKilled: boolean): Promise<void> {
    const candidate = this.#candidates[place];
    if (!candidate) return;
    this.#restarts += 1;
    if (isKilled) await candidate.kill();
    else await this.#leave(candidate);
    this.violations.push(...candidate.scandals);
    await this.#enter(place);
  }

  async #leave(candidate: Candidate): Promise<void> {
    const ending = await candidate.close();
    if (ending !== 0) this.violations.push(`${candidate.id} ended with ${ending} after close()`);
  }

  /** Waits until every key has one leader and all others wait, and measures for a TTL. */
  async measure(when: Measurement['when']): Promise<Measurement> {
    const { keys, processes, kind, ttlMs } = this.#options;
    const { requests } = counters[kind];
    await until(
      `each of ${keys} keys has one leader and ${processes - 1} who wait`,
      async () => {
        const state = stateOf(await this.#samples(), keys);
        const live = await sessionsOf(this.#arena);
        if (state === undefined && live === processes) return true;
        // The cause of what is thrown when it never comes.
        throw new Error(`${live} sessions; ${state ?? 'all settled'}`);
      },
      { timeoutMs: SETTLE_MS, everyMs: 500 },
    );
    const before = await this.#samples();
    const asked = await requests(this.#arena, this.#cut);
    const since = performance.now();
    await pause(ttlMs); // the period that is measured
    const seconds = (performance.now() - since) / 1000;
    const answered = (await requests(this.#arena, this.#cut)) - asked;
    const after = await this.#samples();
    const sum = (samples: readonly Sample[], of: (sample: Sample) => number): number =>
      samples.reduce((total, sample) => total + of(sample), 0);
    const renewals = (samples: readonly Sample[]): number => sum(samples, (sample) => sample.renewals);
    const old = after.slice(0, lasting(processes));
    return {
      when,
      heap: sum(old, ({ heap }) => heap),
      rss: sum(old, ({ rss }) => rss),
      handles: added(after.map(({ handles }) => handles)),
      timers: sum(after, ({ timers }) => timers),
      listeners: sum(after, ({ listeners }) => listeners),
      connections: this.#cut.open ?? 0,
      sessions: await sessionsOf(this.#arena),
      renewalsPerSecond: (renewals(after) - renewals(before)) / seconds,
      requestsPerSecond: answered / seconds,
      resigned: this.#resigned,
      lost: sum(after, ({ lost }) => lost),
      restarts: this.#restarts,
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.#candidates.map((candidate) => this.#leave(candidate)));
    this.violations.push(...this.#candidates.flatMap(({ scandals }) => scandals));
  }

  async abandon(): Promise<void> {
    await Promise.all(this.#candidates.map((candidate) => candidate.kill()));
  }

  #samples(): Promise<Sample[]> {
    return Promise.all(this.#candidates.map((candidate) => candidate.sample()));
  }
}

/** What is not settled; undefined when each key is led by one process and all others wait. */
function stateOf(samples: readonly Sample[], keys: number): string | undefined {
  const led = samples.flatMap((sample) => sample.led);
  const distinct = new Set(led).size;
  const isSettled = samples.every((sample) => sample.led.length + sample.waiting === keys);
  if (distinct === keys && led.length === keys && isSettled) return undefined;
  const each = samples.map(
    (sample) => `leads ${sample.led.length}, waits for ${sample.waiting}, ${sample.trouble}`,
  );
  return `${distinct} of ${keys} keys are led, ${led.length} terms\n${each.join('\n')}`;
}

function added(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const record of records) {
    for (const [name, count] of Object.entries(record)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}

/**
 * Processes that stand for many keys each, on one real store, for a long time. Keys are given up and processes end and
 * begin anew all the while; what is left of that is measured before it, half-way and after it, when all is quiet.
 */
export async function soak(options: SoakOptions): Promise<Soaked> {
  await using arena = await Arena.open(options.kind, { ttlMs: options.ttlMs });
  const soaking = new Soak(options, arena, await arena.cut());
  const { kind, keys, processes, ttlMs } = options;
  const most = {
    sockets: (POOLED[kind] ?? 0) * processes,
    // One for each election, and one for each session.
    timers: processes * (keys + 1),
    renewals: processes / (ttlMs / 1000),
  };
  const measurements: Measurement[] = [];
  const measure = async (when: Measurement['when']): Promise<Measurement> => {
    const measurement = await soaking.measure(when);
    measurements.push(measurement);
    options.say(measurement);
    return measurement;
  };
  try {
    await soaking.begin();
    await measure('start');
    await soaking.churn(options.churnMs / 2);
    const middle = await measure('middle');
    await soaking.churn(options.churnMs / 2);
    const end = await measure('end');
    await soaking.end();
    return { measurements, violations: [...growths(middle, end, most), ...soaking.violations] };
  } finally {
    await soaking.abandon();
  }
}
