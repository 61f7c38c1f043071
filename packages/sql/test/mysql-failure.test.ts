import {
  AccessDeniedError,
  InvalidArgumentError,
  NotAppliedError,
  StoreUnavailableError,
} from '@tenure/core/store';
import { describe, expect, test } from 'vitest';
import { failure, leavesConnectionFit } from '../src/mysql/failure.ts';

const told = (errno: number, code = 'ER_SOMETHING'): Error =>
  Object.assign(new Error('the words'), { errno, code });

describe('what an error of MySQL means', () => {
  test.for([
    [1213, NotAppliedError, true],
    [1205, NotAppliedError, true],
    [1020, NotAppliedError, true],
    [1317, NotAppliedError, true],
    [3024, NotAppliedError, true],
    [1969, NotAppliedError, true],
    [1045, AccessDeniedError, true],
    [1142, AccessDeniedError, true],
    [1049, AccessDeniedError, true],
    [1146, InvalidArgumentError, true],
    [1054, InvalidArgumentError, true],
    [1064, InvalidArgumentError, true],
    [1406, InvalidArgumentError, true],
    [1665, InvalidArgumentError, true],
    [1153, InvalidArgumentError, false],
    [1053, StoreUnavailableError, false],
    [1290, StoreUnavailableError, false],
    [1836, StoreUnavailableError, false],
    [1927, StoreUnavailableError, false],
    [4031, StoreUnavailableError, false],
    [1114, StoreUnavailableError, true],
    [9999, StoreUnavailableError, true],
  ] as const)('%i is %o, and whether the connection can be used again: %s', ([errno, kind, fit]) => {
    const cause = told(errno);
    const error = failure(cause, 'MySQL at h:1', 'asked');
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(/^MySQL at h:1: the words \(ER_SOMETHING\)/u);
    expect(error.cause).toBe(cause);
    expect(leavesConnectionFit(cause)).toBe(fit);
  });

  test.for([
    ['ECONNREFUSED', -111],
    ['ECONNRESET', -104],
    ['ETIMEDOUT', undefined],
    ['PROTOCOL_CONNECTION_LOST', undefined],
    ['PROTOCOL_SEQUENCE_TIMEOUT', undefined],
  ] as const)('%s is unknown, and ends the connection', ([code, errno]) => {
    const cause = Object.assign(new Error('the words'), { code, ...(errno === undefined ? {} : { errno }) });
    expect(failure(cause, 'MySQL at h:1', 'asked')).toBeInstanceOf(StoreUnavailableError);
    expect(leavesConnectionFit(cause)).toBe(false);
  });

  test('what is refused while it connects is trouble, for those in whose way it is: they are in jeopardy', () => {
    for (const errno of [1040, 1203, 1205, 1213]) {
      expect(failure(told(errno), 'MySQL', 'connecting')).toBeInstanceOf(StoreUnavailableError);
    }
    expect(failure(told(1045), 'MySQL', 'connecting')).toBeInstanceOf(AccessDeniedError);
  });

  test('of several addresses it names every reason', () => {
    const cause = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]);
    expect(failure(cause, 'MySQL at h:1', 'connecting').message).toBe(
      'MySQL at h:1: ::1 refused, 127.0.0.1 refused',
    );
  });
});
