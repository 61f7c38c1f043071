import type { Key } from '@tenure/core/store';
import type { Statement } from '../database.ts';

/** The condition of being one of some hundred keys, as every dialect understands and looks it up in the primary key. */
export function anyOf(keys: readonly Key[], prefix = ''): Statement {
  const names = new Map<string, string[]>();
  for (const { namespace, name } of keys) {
    const list = names.get(namespace);
    if (list) list.push(name);
    else names.set(namespace, [name]);
  }
  const parts: string[] = [];
  const values: string[] = [];
  for (const [namespace, list] of names) {
    parts.push(`(${prefix}namespace = ? AND ${prefix}name IN (${list.map(() => '?').join(', ')}))`);
    values.push(namespace, ...list);
  }
  return { text: `(${parts.join(' OR ')})`, values };
}
