import { InvalidArgumentError } from '@tenure/core';
import { Cron } from 'croner';
import { LAST_DATE_MS, dateOf } from './date.ts';

/** When a schedule is due, in milliseconds since 1970. The same on every replica, whoever asks and when. */
export interface Ticks {
  /** The first tick after `afterMs`; undefined when there is none any more. */
  next(afterMs: number): number | undefined;
  /** The latest ticks that are not after `uptoMs`, `count` at most, oldest first. */
  latest(count: number, uptoMs: number): readonly number[];
}

/** @throws InvalidArgumentError for text that is no cron pattern, and for a time zone that nobody knows. */
export function cronTicks(text: string, timezone: string | undefined): Ticks {
  if (timezone !== undefined) checkTimezone(timezone);
  const cron = parse(text, timezone);
  return {
    // Croner's runs are later, or earlier, than the date given, never that date itself.
    next: (afterMs) => cron.nextRun(dateOf(Math.floor(afterMs)))?.getTime(),
    latest: (count, uptoMs) =>
      cron
        .previousRuns(count, dateOf(Math.floor(uptoMs) + 1))
        .map((date) => date.getTime())
        .toReversed(),
  };
}

function parse(text: string, timezone: string | undefined): Cron {
  try {
    // Without a function: croner computes, and owns no timer.
    return new Cron(text, timezone === undefined ? {} : { timezone });
  } catch (error) {
    throw new InvalidArgumentError(
      `"${text}" is no cron text, such as "0 3 * * *" for every day at 3:00: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function checkTimezone(timezone: unknown): void {
  try {
    if (typeof timezone !== 'string') throw new TypeError('not a text');
    Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch (error) {
    throw new InvalidArgumentError(
      `timezone must be a name of the IANA database, such as "Europe/Berlin", got ${JSON.stringify(timezone)}`,
      { cause: error },
    );
  }
}

/** The multiples of `everyMs` since 1970. @throws InvalidArgumentError */
export function everyTicks(everyMs: number): Ticks {
  if (!(Number.isInteger(everyMs) && everyMs >= 100 && everyMs <= LAST_DATE_MS)) {
    throw new InvalidArgumentError(
      `everyMs must be a whole number of milliseconds, at least 100, got ${String(everyMs)}`,
    );
  }
  return {
    next(afterMs) {
      const tick = (Math.floor(afterMs / everyMs) + 1) * everyMs;
      return tick <= LAST_DATE_MS ? tick : undefined;
    },
    latest(count, uptoMs) {
      const last = Math.floor(uptoMs / everyMs);
      return Array.from({ length: count }, (_, index) => (last - count + 1 + index) * everyMs);
    },
  };
}
