/** Which tests judge the mutants of a package. */
export interface Suite {
  readonly files: readonly string[];
  /** What the tests spawn is built: these packages anew for every mutant. */
  readonly builds?: string;
  /** A mutant may loop for ever. */
  readonly patienceMs: number;
}

export const packageNames = ['core', 'etcd', 'consul', 'redis', 'sql', 'scheduler', 'cli'] as const;
export type PackageName = (typeof packageNames)[number];

const inPackage = (name: PackageName, tests: readonly string[]): readonly string[] =>
  tests.map((test) => `packages/${name}/test/${test}.test.ts`);

/** On real servers. Those of options, access and TLS have nothing to say about a claim, and are left out. */
export const suites: Readonly<Record<PackageName, Suite>> = {
  core: { files: ['packages/core/test'], patienceMs: 240_000 },
  etcd: {
    files: inPackage('etcd', ['conformance-1', 'batch', 'queue', 'session', 'watching']),
    patienceMs: 240_000,
  },
  consul: {
    files: inPackage('consul', [
      'conformance-1',
      'claims',
      'session',
      'watching',
      'tenure',
      'requests',
      'transactions',
    ]),
    patienceMs: 240_000,
  },
  redis: {
    files: inPackage('redis', [
      'conformance-redis',
      'late',
      'news',
      'scripts',
      'repeats',
      'trouble',
      'queue',
      'cost',
    ]),
    patienceMs: 240_000,
  },
  sql: {
    files: inPackage('sql', [
      'sqlite-conformance',
      'sqlite',
      'postgres-conformance',
      'postgres-time',
      'tables-steal',
      'tables-terms',
      'tables-polling',
      'tables-retention',
    ]),
    patienceMs: 240_000,
  },
  scheduler: { files: ['packages/scheduler/test'], patienceMs: 240_000 },
  cli: {
    files: ['test/command/run.test.ts', ...inPackage('cli', ['grace'])],
    builds: 'packages/cli',
    patienceMs: 240_000,
  },
};

/**
 * Random: whether it fails depends on luck, and on how busy the machine is. What only it would find has no test of its
 * own, and counts as not found.
 */
export const RANDOM_TESTS = '**/simulation.test.ts';
