import { checkMs, InvalidArgumentError, refuseUnknown, systemClock } from '@tenure/core/store';
import type { Clock } from '@tenure/core/store';
import { DEFAULT_TABLE_PREFIX } from './tables.ts';
import type { TableOptions } from './tables.ts';

/** What the options of every SQL store have in common. */
export interface CommonOptions extends TableOptions {
  /** How long a free lock without checkpoint is remembered, in milliseconds, and a session that was not closed. @default 24 hours */
  readonly retainMs?: number;
  /** `'auto'` makes the tables at first use unless they are there. `false` leaves that to you. */
  readonly migrate?: 'auto' | false;
  /** What a tenure takes for its namespace when it is given none. */
  readonly namespace?: string;
  /** For tests: drives polling and what is given up for taking too long. Sessions expire by the database's clock. @default the machine's */
  readonly clock?: Clock;
}

export const COMMON_OPTIONS = ['tablePrefix', 'schema', 'retainMs', 'migrate', 'namespace', 'clock'] as const;

export interface CommonSettings {
  readonly tables: TableOptions & { readonly tablePrefix: string };
  readonly retainMs: number;
  readonly migrate: 'auto' | false;
  readonly namespace: string | undefined;
  readonly clock: Clock;
}

const DAY_MS = 24 * 3600 * 1000;
/** A lock that is forgotten sooner could be granted anew by a clock that was set back a little, with a token that is too low. */
const LEAST_RETAIN_MS = 1000;

/**
 * @param what for messages: `postgres`
 * @param own the names of the options beside the common ones
 * @throws InvalidArgumentError naming the option and its value
 */
export function commonSettings(
  what: string,
  options: CommonOptions,
  own: readonly string[],
  defaults: Pick<CommonSettings, 'migrate'>,
): CommonSettings {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new InvalidArgumentError(`${what} needs its options as an object, got ${String(given)}`);
  }
  refuseUnknown(what, options, [...own, ...COMMON_OPTIONS]);
  const { tablePrefix = DEFAULT_TABLE_PREFIX, schema, retainMs = DAY_MS, namespace } = options;
  const { migrate = defaults.migrate, clock = systemClock } = options;
  checkIdentifier(what, 'tablePrefix', tablePrefix);
  if (schema !== undefined) checkIdentifier(what, 'schema', schema);
  checkMs(`${what} option retainMs`, retainMs);
  if (retainMs < LEAST_RETAIN_MS) {
    throw new InvalidArgumentError(
      `${what} option retainMs must be at least ${LEAST_RETAIN_MS}, got ${retainMs}`,
    );
  }
  if (![false, 'auto'].includes(migrate)) {
    throw new InvalidArgumentError(
      `${what} option migrate must be 'auto' or false, got ${JSON.stringify(migrate)}`,
    );
  }
  return {
    tables: { tablePrefix, ...(schema === undefined ? {} : { schema }) },
    retainMs,
    migrate,
    namespace,
    clock,
  };
}

/** Any text can be quoted, but for NUL. The databases' own limits are 63 and 64 characters. */
function checkIdentifier(what: string, name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '' || value.length > 40 || value.includes('\0')) {
    throw new InvalidArgumentError(
      `${what} option ${name} must be 1 to 40 characters without NUL, got ${JSON.stringify(value)}`,
    );
  }
}
