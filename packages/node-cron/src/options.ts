import { InvalidArgumentError } from '@tenure/core';
import type { Tenure } from '@tenure/core';
import { checkMs, refuseUnknown, systemClock } from '@tenure/core/store';
import type { Clock } from '@tenure/core/store';

export interface RunCoordinatorOptions {
  /** Of the election whose leader runs the tasks. Coordinators of one key share their tasks' ticks. @default 'node-cron' */
  readonly key?: string;
  /**
   * How long a replica that is asked for a tick and does not lead waits to become the leader before it says no, in
   * milliseconds: so a tick that falls into a hand-over, or right after the start, still runs. Keep it below the time
   * between two ticks. @default 500
   */
  readonly waitMs?: number;
  /** For tests; give the tenure the same. @default the machine's clocks */
  readonly clock?: Clock;
}

/** What is used where an option is left out. */
export const defaults = { key: 'node-cron', waitMs: 500 } as const;

export interface Settings {
  readonly key: string;
  readonly waitMs: number;
  readonly clock: Clock;
}

/** @throws InvalidArgumentError naming the option and its value */
export function settingsOf(tenure: Tenure, options: RunCoordinatorOptions): Settings {
  const given: unknown = tenure;
  if (typeof given !== 'object' || given === null || !('election' in given)) {
    throw new InvalidArgumentError(
      `runCoordinator needs a tenure, as made by createTenure({ store }), got ${String(given)}`,
    );
  }
  refuseUnknown('runCoordinator', options, ['key', 'waitMs', 'clock']);
  const { key = defaults.key, waitMs = defaults.waitMs, clock = systemClock } = options;
  checkMs('waitMs', waitMs);
  return { key, waitMs, clock };
}
