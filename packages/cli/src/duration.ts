import ms from 'ms';
import { UsageError } from './exit-codes.ts';

/** `500ms`, `10s`, `2m`; a bare number is seconds, as `sleep` and `timeout` have it. @throws UsageError */
export function durationMs(name: string, text: string): number {
  const bare = /^\d+(?:\.\d+)?$/u.test(text);
  const parsed: unknown = text === '' ? Number.NaN : ms((bare ? `${text}s` : text) as ms.StringValue);
  if (typeof parsed !== 'number' || !(parsed >= 0))
    throw new UsageError(`${name} is a duration such as 500ms, 10s or 2m, got "${text}"`);
  return parsed;
}
