import { InvalidArgumentError } from '@tenure/core';
import type { Term } from '@tenure/core';
import { refuseUnknown } from '@tenure/core/store';
import { Mark } from './mark.ts';

export interface LeaderOnlyOptions {
  /**
   * How long a replica stays away from the election after its method has failed or returned, in milliseconds; twice as
   * long each time, up to a minute, until it has worked for a minute. @default 1000
   */
  readonly retryMs?: number;
}

export interface LeaderOnlyMark {
  /** Without one: the class and the method. */
  readonly key: string | undefined;
  readonly retryMs: number;
}

export const leaderOnly: Mark<LeaderOnlyMark> = new Mark('LeaderOnly');

/**
 * Run the method on the replica that leads the election of `key`, from when the application has started. It works until
 * `term.signal` aborts; the key is held until it has settled. One that rejects or returns before is not a leader any
 * more: another replica takes over.
 * @param key which no other method has. Give one where class names are minified. @default the class and the method: `Reports.send`
 * @throws InvalidArgumentError
 */
export function LeaderOnly(
  key?: string,
  options: LeaderOnlyOptions = {},
): <Method extends (term: Term) => Promise<void> | void>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void {
  refuseUnknown('@LeaderOnly', options, ['retryMs']);
  const { retryMs = 1000 } = options;
  if (!(typeof retryMs === 'number' && retryMs >= 1 && retryMs < Infinity)) {
    throw new InvalidArgumentError(
      `@LeaderOnly: retryMs must be at least 1 millisecond, got ${String(retryMs)}`,
    );
  }
  return (target, name, descriptor) => leaderOnly.put(target, name, descriptor, { key, retryMs });
}
