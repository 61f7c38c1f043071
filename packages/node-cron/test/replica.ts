import { createTenure } from '@tenure/core';
import type { Store, Tenure } from '@tenure/core';
import { MemorySpace, memory } from '@tenure/core/memory';
import { onTestFinished } from 'vitest';
import { runCoordinator } from '../src/index.ts';
import type { RunCoordinator, RunCoordinatorOptions } from '../src/index.ts';

export interface Replica {
  readonly tenure: Tenure;
  readonly coordinator: RunCoordinator;
}

/** Replicas that share a store. Each is closed with the test. */
export function replicas(): (id: string, options?: RunCoordinatorOptions, store?: Store) => Replica {
  const space = new MemorySpace();
  return (id, options = { waitMs: 0 }, store = memory({ shared: space })) => {
    const tenure = createTenure({ store, candidate: { id }, graceMs: 0 });
    onTestFinished(() => tenure.close());
    return { tenure, coordinator: runCoordinator(tenure, options) };
  };
}

/** Until it leads. */
export const leads = ({ coordinator: { election } }: Replica): Promise<void> =>
  new Promise((resolve) => {
    if (election.term) resolve();
    else election.once('acquired', () => resolve());
  });

/** The key of a task's tick, so many seconds into the night. */
export const tickOf = (task: string, second: number): string =>
  `${task}:${new Date(Date.UTC(2030, 0, 31, 3, 0, second)).toISOString()}`;
