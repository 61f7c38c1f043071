import { storeNames } from './arguments.ts';
import type { ScenarioName, StoreName } from './arguments.ts';

/** What a figure of Tenure's must be. */
export interface Target {
  readonly scenario: ScenarioName;
  readonly store: StoreName;
  /** Whose figure it is, by the row's name. @default 'Tenure' */
  readonly of?: string;
  readonly measure: string;
  /** Divided by that of this row, or of the floor; in one and the same run. */
  readonly over?: string;
  readonly limit: { readonly most: number } | { readonly least: number };
  readonly text: string;
}

type What = Omit<Target, 'store'>;

const on = (stores: readonly StoreName[], what: What): readonly Target[] =>
  stores.map((store) => ({ ...what, store }));

const all = storeNames;
/** Memory's floor is a Map: its targets are times of their own. */
const served: readonly StoreName[] = ['etcd', 'consul', 'redis', 'postgres', 'mariadb', 'sqlite'];
/** Those that wake who waits. */
const push: readonly StoreName[] = ['etcd', 'consul', 'redis', 'postgres', 'memory'];
const pushServed = push.filter((store) => store !== 'memory');

const uncontended = (store: StoreName, over: string, most: number, text: string): Target => ({
  scenario: 'uncontended',
  store,
  measure: 'p50Ms',
  over,
  limit: { most },
  text: `p50 over ${over}: ${text}`,
});

const alone: readonly Target[] = [
  uncontendedIn('memory', 0.01),
  ...served.map((store) => uncontended(store, 'floor', 1.25, 'at most 1.25')),
  uncontended('etcd', 'etcd3 Lock', 1 / 2, 'at least twice as fast'),
  uncontended('etcd', 'etcd3 Election', 1 / 2, 'at least twice as fast'),
  uncontended('redis', 'redlock', 1, 'not slower'),
  uncontended('redis', 'redis-semaphore', 1, 'not slower'),
  uncontended('redis', 'verrou', 1, 'not slower'),
  uncontended('postgres', 'verrou', 1 / 2, 'at least twice as fast'),
  uncontended('consul', 'session and acquire', 1 / 1.5, 'at least 1.5 times as fast'),
  ...on(served, {
    scenario: 'uncontended',
    measure: 'rate',
    over: 'floor',
    limit: { least: 0.8 },
    text: '64 at once, rate over floor: at least 0.8',
  }),
  ...on(served, {
    scenario: 'uncontended',
    measure: 'cpuUs',
    over: 'floor',
    limit: { most: 1.5 },
    text: '64 at once, client CPU over floor: at most 1.5',
  }),
];

function uncontendedIn(store: StoreName, most: number): Target {
  return {
    scenario: 'uncontended',
    store,
    measure: 'p50Ms',
    limit: { most },
    text: `p50: under ${most * 1000} µs`,
  };
}

const longest = (stores: readonly StoreName[], most: number): readonly Target[] =>
  on(stores, {
    scenario: 'contended',
    measure: 'longestOverMedian',
    limit: { most },
    text: `longest wait over median: at most ${most}`,
  });

const contended: readonly Target[] = [
  ...on(pushServed, {
    scenario: 'contended',
    measure: 'changes',
    over: 'floor',
    limit: { least: 0.8 },
    text: 'owner changes/s over floor: at least 0.8',
  }),
  ...on(all, { scenario: 'contended', measure: 'starved', limit: { most: 0 }, text: 'nobody starves' }),
  ...longest(['etcd'], 2),
  ...longest(['redis', 'postgres', 'mariadb', 'sqlite'], 10),
  ...longest(['consul'], 25),
];

const within = (stores: readonly StoreName[], most: number, text: string): readonly Target[] =>
  on(stores, { scenario: 'handover', measure: 'p50Ms', limit: { most }, text: `p50: ${text}` });

const handover: readonly Target[] = [
  ...on(pushServed, {
    scenario: 'handover',
    measure: 'p50Ms',
    over: 'floor',
    limit: { most: 1.3 },
    text: 'p50 over floor: at most 1.3',
  }),
  ...within(['memory'], 0.05, 'under 50 µs'),
  ...within(['mariadb', 'sqlite'], 20, 'at most 20 ms'),
];

const crashed = (stores: readonly StoreName[], most: number, text: string): readonly Target[] =>
  on(stores, { scenario: 'crash', measure: 'maxTtls', limit: { most }, text });

const crash: readonly Target[] = [
  ...crashed(
    served.filter((store) => store !== 'consul'),
    1.1,
    'SIGKILL to acquired: at most TTL + 10 %',
  ),
  ...crashed(['consul'], 2.2, 'SIGKILL to acquired: at most 2 TTL + lock-delay + 10 %, with lock-delay 0'),
];

const led = 'Tenure, 10000 led';
const followed = 'Tenure, 10000 followed';
const scaleOf = (stores: readonly StoreName[], of: string, what: Omit<What, 'scenario' | 'of'>) =>
  on(stores, { scenario: 'scale', of, ...what });

const scale: readonly Target[] = [
  ...scaleOf(['etcd'], led, {
    measure: 'acquireS',
    limit: { most: 1.1 },
    text: 'to hold 10k: at most 1.1 s',
  }),
  ...scaleOf(['consul'], led, {
    measure: 'acquireS',
    limit: { most: 1.5 },
    text: 'to hold 10k: at most 1.5 s',
  }),
  // What those seconds were where they were first measured: absolute times differ by machine.
  ...scaleOf(['etcd', 'consul'], led, {
    measure: 'acquireS',
    over: 'floor, 10000 claims',
    limit: { most: 1.03 },
    text: 'to hold 10k, over claims by the raw client: at most 1.03',
  }),
  ...scaleOf(['redis', 'postgres', 'mariadb', 'sqlite'], led, {
    measure: 'acquireS',
    over: 'floor, 10000 claims',
    limit: { most: 1.5 },
    text: 'to hold 10k, over the pipelined floor: at most 1.5',
  }),
  ...scaleOf(all, led, {
    measure: 'heapKb',
    limit: { most: 1.5 },
    text: 'heap beyond its record, each: at most 1.5 KB',
  }),
  ...scaleOf(served, led, { measure: 'sessions', limit: { most: 1 }, text: 'sessions: 1' }),
  ...scaleOf(served, led, {
    measure: 'connections',
    over: 'Tenure, 1000 led',
    limit: { most: 1 },
    text: 'connections: as many for 10k as for 1k',
  }),
  ...scaleOf(served, led, {
    measure: 'beyondPerTtl',
    limit: { most: 1 },
    text: 'idle, requests per TTL beyond renewals: none (1 is noise)',
  }),
  ...scaleOf(pushServed, followed, {
    measure: 'beyondPerTtl',
    limit: { most: 2 },
    text: 'idle, requests per TTL beyond renewals: at most 2',
  }),
  ...scaleOf(pushServed, followed, {
    measure: 'changeRequests',
    over: 'Tenure, 1000 followed',
    limit: { most: 1.5 },
    text: 'requests of a leader change: no more for 10k than for 1k',
  }),
];

const core: readonly Target[] = [
  {
    scenario: 'core',
    store: 'memory',
    measure: 'isCurrentNs',
    limit: { most: 200 },
    text: 'isCurrent(): under 200 ns',
  },
];

/** All that is promised of speed, whether or not it is measured this time. */
export const targets: readonly Target[] = [...alone, ...contended, ...handover, ...crash, ...scale, ...core];
