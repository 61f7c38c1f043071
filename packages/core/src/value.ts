import { InvalidArgumentError, ValueTooLargeError } from './errors.ts';
import { encodeRecord } from './record.ts';
import type { Json } from './record.ts';
import type { Candidate } from './leader.ts';
import type { Traits } from './store.ts';

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/**
 * A value as JSON text, checked before anything is sent.
 * @throws InvalidArgumentError when JSON cannot hold it; ValueTooLargeError when the store cannot.
 */
export function encodeValue(what: string, value: unknown, { maxValueBytes }: Traits): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value) as string | undefined;
  } catch (error) {
    throw new InvalidArgumentError(`${what} must be JSON: ${String(error)}`, { cause: error });
  }
  if (text === undefined) throw new InvalidArgumentError(`${what} must be JSON, got ${typeof value}`);
  if (bytesOf(text) > maxValueBytes) throw new ValueTooLargeError(what, bytesOf(text), maxValueBytes);
  return text;
}

/** A checkpoint as it was saved; the raw text where another program wrote it. */
export function decodeValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** What a record takes at most: with the token and the mark that a store may add. */
export function checkRecord({ id, metadata }: Candidate, traits: Traits): void {
  if (metadata !== undefined) encodeValue('metadata', metadata, traits);
  const bytes = bytesOf(
    encodeRecord({
      id,
      claimId: 'x'.repeat(24),
      acquiredAt: '2026-01-01T00:00:00.000Z',
      token: 2n ** 63n,
      evict: true,
      ...(metadata === undefined ? {} : { metadata }),
    }),
  );
  if (bytes > traits.maxValueBytes)
    throw new ValueTooLargeError('the candidate with its metadata', bytes, traits.maxValueBytes);
}
