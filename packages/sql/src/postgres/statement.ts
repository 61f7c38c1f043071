import { createHash } from 'node:crypto';
import type { Statement } from '../database.ts';
import { queryOf } from './driver.ts';
import type { Query } from './driver.ts';

interface Numbered {
  readonly text: string;
  /** The same for the same text, in any version: a name that a connection knows must not come with another one. */
  name: string | undefined;
}

const known = new Map<string, Numbered>();

/** With `$1`, `$2` … for `?`, but in names and texts; `named`: if it is worth it, with a name by which the connection keeps it prepared. */
export function numbered({ text, values, kept }: Statement, named = false): Query {
  let statement = known.get(text);
  if (statement === undefined) {
    let count = 0;
    const rewritten = text.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/gu, (part) =>
      part === '?' ? `$${(count += 1)}` : part,
    );
    statement = { text: rewritten, name: undefined };
    // There are few texts, but for those that have as many places as there are keys.
    if (known.size < 1000) known.set(text, statement);
  }
  if (!named || !kept) return queryOf(statement.text, values);
  statement.name ??= `tenure_${createHash('sha256').update(statement.text).digest('hex').slice(0, 24)}`;
  return queryOf(statement.text, values, statement.name);
}
