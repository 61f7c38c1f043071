import { InvalidArgumentError } from '@tenure/core';

/** One time at which one task is due. */
export interface Tick {
  readonly task: string;
  readonly atMs: number;
}

/** What `toISOString` gives, also for years beyond 9999. */
const KEY = /^(.*):((?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/su;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/u;

/**
 * node-cron asks by the task's name and the time for which the tick was planned, whenever it fires. A task without a
 * name has a random one, another on every replica and after every start: its ticks could not be told from new ones.
 * @throws InvalidArgumentError for a task without a name, and for what is no such key
 */
export function tickOf(key: string): Tick {
  const [, task, at] = KEY.exec(key) ?? [];
  if (task === undefined || at === undefined) {
    throw new InvalidArgumentError(
      `a tick of node-cron 4.5 or later is "name:2030-01-31T00:00:00.000Z", got ${JSON.stringify(key)}`,
    );
  }
  if (task === '' || UUID.test(task)) {
    throw new InvalidArgumentError(
      `the distributed task ${JSON.stringify(task)} has no name: give it one, the same on every replica, with the option "name" of cron.schedule`,
    );
  }
  // oxlint-disable-next-line no-restricted-globals -- reads what is written, not the time
  return { task, atMs: Date.parse(at) };
}
