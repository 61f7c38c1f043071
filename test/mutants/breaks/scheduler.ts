import { breaksIn } from '../mutation.ts';
import type { Mutation } from '../mutation.ts';

const one = breaksIn('scheduler');

export const schedulerBreaks: readonly Mutation[] = [
  one(
    'schedule',
    'at-most-once is recorded after the run',
    'queue.ts',
    ["guarantee === 'at-most-once' ? ", "guarantee === 'at-most-once' && tick < 0 ? "],
    'has the tick in the store before the job starts',
  ),
  one(
    'schedule',
    'a record that was refused stops nothing',
    'queue.ts',
    ['await recorded;', 'await recorded.catch(() => {});'],
    'that the store does not take is a failed run',
  ),
  one(
    'schedule',
    'the beginning of a schedule is not stored',
    'shift.ts',
    ['await this.#ledger.record(name, entry);', 'await Promise.resolve();'],
    'forgets no tick since the schedule began to exist',
  ),
  one(
    'schedule',
    'overlap: skip lets ticks queue',
    'queue.ts',
    ["isBusy && overlap === 'skip' &&", "isBusy && overlap !== 'skip' &&"],
    'decides a tick that was skipped together with the one that ran, never before it',
  ),
  one(
    'schedule',
    'a job that outlived its term is not waited for',
    'queue.ts',
    ['while (this.#host.running) await this.#host.running.settled;', ''],
    'with at-least-once runs the tick again, after the job that outlived it',
  ),
  one(
    'schedule',
    'the key is not held while a job runs',
    'queue.ts',
    ['this.#term.waitUntil(work);', 'void work;'],
    'waits for the job, and the successor starts after it',
  ),
  one(
    'schedule',
    'the successor does not know of atLeastFor',
    'queue.ts',
    ['clock.now().wallMs + atLeastFor)', 'clock.now().wallMs + 0 * atLeastFor)'],
    'is known to the successor from the moment the job starts',
  ),
  one(
    'schedule',
    'a clock that is set back runs ticks again',
    'shift.ts',
    ['lastMs: queue.upToMs,', 'lastMs: Math.min(queue.upToMs, now.wallMs - 1000),'],
    'over a tick runs it once, and says so when its time comes again',
  ),
  one('schedule', 'schedules overwrite one another in the ledger', 'ledger.ts', [
    'return this.#slot.save(Object.fromEntries(this.#entries));',
    'return this.#slot.save(Object.fromEntries([...this.#entries].slice(-1)));',
  ]),
];
