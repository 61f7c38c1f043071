import { hostname } from 'node:os';
import { chanceOf } from './chance.ts';
import type { Chance } from './chance.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { InvalidArgumentError } from './errors.ts';
import type { Candidate } from './leader.ts';
import type { Json } from './record.ts';
import type { Store } from './store.ts';
import { deriveTiming } from './timing.ts';
import type { Timing, TimingOptions } from './timing.ts';
import { checkRecord } from './value.ts';

export interface TenureOptions {
  /** Where locks live. It belongs to this tenure, which closes it. */
  readonly store: Store;
  /** Key prefix: only tenures of the same namespace contend. @default the store's, if its URL named one, or 'tenure' */
  readonly namespace?: string;
  /** How long the store waits for a silent session before others may lead, in milliseconds. Everything else derives from it. @default 15000 */
  readonly ttlMs?: number;
  /** Fine tuning of what derives from `ttlMs`; refused when incoherent. */
  readonly timing?: TimingOptions;
  /**
   * Who we are. @default id: `hostname:pid:random`, no metadata
   *
   * `reclaim`, with an id that is the same at every start and belongs to one process at a time: what our crashed
   * predecessor of that id still holds is taken at once, by ending its session in the store. Should it be alive after
   * all, its terms overlap with ours until it has noticed, and only the token protects.
   */
  readonly candidate?: { readonly id?: string; readonly metadata?: Json; readonly reclaim?: boolean };
  /** On these signals: release everything as `close()` does, then raise the signal again if nobody else listens to it. @default none */
  readonly releaseOn?: readonly NodeJS.Signals[];
  /** How long `close()` waits for the work of `lead` and `run` to settle before it gives the keys up, in milliseconds. @default 10000 */
  readonly graceMs?: number;
  /** For tests. @default the machine's clocks */
  readonly clock?: Clock;
  /**
   * For tests: jitter and ids are made of these numbers in [0, 1), so that the same numbers make the same ids. Tenures
   * of one store that are given equal sequences take each other's sessions for their own.
   * @default the machine's
   */
  readonly random?: () => number;
}

/** What is used where an option is left out. */
export const defaults = {
  namespace: 'tenure',
  ttlMs: 15_000,
  graceMs: 10_000,
  releaseOn: [] as readonly NodeJS.Signals[],
} as const;

export interface Resolved {
  readonly store: Store;
  readonly namespace: string;
  readonly timing: Timing;
  readonly timingOptions: TimingOptions;
  readonly candidate: Candidate;
  readonly reclaim: boolean;
  readonly releaseOn: readonly NodeJS.Signals[];
  readonly graceMs: number;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** @throws InvalidArgumentError naming the first option that nobody knows. */
export function refuseUnknown(what: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new InvalidArgumentError(`${what} has no option "${name}"; it has ${known.join(', ')}`);
    }
  }
}

/** @throws InvalidArgumentError unless `value` is undefined or a number of milliseconds, at least 0. */
export function checkMs(name: string, value: number | undefined): void {
  if (value !== undefined && !(typeof value === 'number' && value >= 0)) {
    throw new InvalidArgumentError(`${name} must be at least 0 milliseconds, got ${String(value)}`);
  }
}

/** @throws InvalidArgumentError unless `text` can name something in every store. */
export function checkName(what: string, text: unknown): asserts text is string {
  if (typeof text !== 'string' || text === '' || text.includes('\0') || Buffer.byteLength(text) > 1024) {
    const shown = typeof text === 'string' ? JSON.stringify(text.slice(0, 80)) : String(text);
    throw new InvalidArgumentError(`${what} must be 1 to 1024 bytes of text without NUL, got ${shown}`);
  }
}

const storeVerbs = ['open', 'holder', 'watch', 'list', 'evict', 'endSession', 'close'] as const;

/** @throws InvalidArgumentError, ValueTooLargeError */
export function resolveOptions(options: TenureOptions): Resolved {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new InvalidArgumentError(`createTenure needs options, at least { store }, got ${String(given)}`);
  }
  refuseUnknown('createTenure', options, [
    'store',
    'namespace',
    'ttlMs',
    'timing',
    'candidate',
    'releaseOn',
    'graceMs',
    'clock',
    'random',
  ]);
  const { store, ttlMs = defaults.ttlMs, timing = {}, candidate = {} } = options;
  const { releaseOn = defaults.releaseOn, graceMs = defaults.graceMs, clock = systemClock } = options;
  const shape: Partial<Store> | undefined = store;
  if (typeof shape !== 'object' || storeVerbs.some((verb) => typeof shape[verb] !== 'function')) {
    throw new InvalidArgumentError('createTenure needs a store, such as etcd({ hosts }) or memory()');
  }
  const { namespace = store.namespace ?? defaults.namespace } = options;
  checkName('namespace', namespace);
  checkMs('graceMs', graceMs);
  refuseUnknown('timing', timing, ['renewMs', 'marginMs', 'drift']);
  refuseUnknown('candidate', candidate, ['id', 'metadata', 'reclaim']);
  const { reclaim = false } = candidate;
  if (reclaim && candidate.id === undefined) {
    throw new InvalidArgumentError(
      'candidate.reclaim needs a candidate.id that is the same at every start: without one, nobody was us before',
    );
  }
  const { random } = options;
  if (random !== undefined && typeof random !== 'function') {
    throw new InvalidArgumentError(`random must be a function, as Math.random is, got ${typeof random}`);
  }
  const chance = chanceOf(random);
  const id = candidate.id ?? `${hostname()}:${process.pid}:${chance.hex(4)}`;
  checkName('candidate.id', id);
  const who: Candidate = {
    id,
    ...(candidate.metadata === undefined ? {} : { metadata: candidate.metadata }),
  };
  checkRecord(who, store.traits);
  const derived = deriveTiming(ttlMs, timing, store);
  return {
    store,
    namespace,
    timing: derived,
    timingOptions: timing,
    candidate: who,
    reclaim,
    releaseOn,
    graceMs,
    clock,
    chance,
  };
}
