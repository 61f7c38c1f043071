import type { Statement } from '../database.ts';
import { queryOf } from './driver.ts';
import type { Query } from './driver.ts';

const texts = new Map<string, string>();

/** With `$1`, `$2` … for `?`, but in names and texts; without a name, so that no pooler has to remember it. */
export function numbered({ text, values }: Statement): Query {
  let known = texts.get(text);
  if (known === undefined) {
    let count = 0;
    known = text.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/gu, (part) =>
      part === '?' ? `$${(count += 1)}` : part,
    );
    // There are few texts, but for those that have as many places as there are keys.
    if (texts.size < 1000) texts.set(text, known);
  }
  return queryOf(known, values);
}
