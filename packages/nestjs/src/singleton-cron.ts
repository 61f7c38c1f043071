import { InvalidArgumentError } from '@tenure/core';
import type { Job, ScheduleOptions } from '@tenure/scheduler';
import { Mark } from './mark.ts';

export interface SingletonCronOptions extends Omit<ScheduleOptions, 'name' | 'clock'> {
  /** What the ledger of ticks knows it by. Give one where class names are minified. @default the class and the method: `Reports.send` */
  readonly name?: string;
  /** Of the election whose leader runs it. Methods of one key run on one replica. @default 'cron' */
  readonly key?: string;
}

export interface SingletonCronMark {
  readonly when: string | { readonly everyMs: number };
  readonly key: string;
  readonly options: ScheduleOptions;
}

export const singletonCron: Mark<SingletonCronMark> = new Mark('SingletonCron');

/**
 * Run the method when `when`, a cron text or `{ everyMs }`, says so, on exactly one replica, from when the application
 * has started. It is a job of `@tenure/scheduler`, whose options it has. A run that fails is logged.
 * @throws InvalidArgumentError; for options of the schedule, when the application starts
 */
export function SingletonCron(
  when: string | { readonly everyMs: number },
  options: SingletonCronOptions = {},
): <Method extends Job>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void {
  const given: unknown = when;
  if (typeof given !== 'string' && !(typeof given === 'object' && given !== null && 'everyMs' in given)) {
    throw new InvalidArgumentError(
      `@SingletonCron needs a cron text such as "0 3 * * *", or { everyMs }, got ${JSON.stringify(given)}`,
    );
  }
  const { key = 'cron', ...rest } = options;
  return (target, name, descriptor) =>
    singletonCron.put(target, name, descriptor, { when, key, options: rest });
}
