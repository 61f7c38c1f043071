import { inspect } from 'node:util';
import { AccessDeniedError, StoreUnavailableError, TenureError, TermLostError } from '@tenure/core';
import { ClaimLostError, SessionGoneError } from '@tenure/core/store';
import { expect, it, vi } from 'vitest';

it('are known by their class also when another copy of the package made them (T72)', async () => {
  vi.resetModules();
  const other = await import('@tenure/core/store');
  expect(other.SessionGoneError).not.toBe(SessionGoneError);
  const gone = new other.SessionGoneError('over');
  expect(gone).toBeInstanceOf(SessionGoneError);
  expect(gone).toBeInstanceOf(TenureError);
  expect(gone).not.toBeInstanceOf(ClaimLostError);
  expect(gone).not.toBeInstanceOf(TermLostError);
  expect(gone).toBeInstanceOf(Error);
});

it('are not known by what they only look like', () => {
  const lookalike = Object.assign(new Error('no'), { name: 'AccessDeniedError', code: 'ACCESS_DENIED' });
  expect(lookalike).not.toBeInstanceOf(AccessDeniedError);
  expect(lookalike).not.toBeInstanceOf(TenureError);
  expect('ACCESS_DENIED' as unknown).not.toBeInstanceOf(TenureError);
});

it('keep apart what somebody derived from them', () => {
  class Refused extends AccessDeniedError {}
  expect(new Refused('no')).toBeInstanceOf(AccessDeniedError);
  expect(new AccessDeniedError('no')).not.toBeInstanceOf(Refused);
  expect(new StoreUnavailableError('no')).not.toBeInstanceOf(AccessDeniedError);
});

it('show their code and their cause, and nothing of how they are told apart', () => {
  const shown = inspect(new StoreUnavailableError('silent', { cause: new Error('reset') }));
  expect(shown).toContain("code: 'STORE_UNAVAILABLE'");
  expect(shown).toContain('reset');
  expect(shown).not.toContain('Symbol');
});
