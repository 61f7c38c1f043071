import type { Key } from '@tenure/core/store';

/** A script keeps the server busy. */
const LOCKS_PER_SCRIPT = 500;

/** What one script can do. */
export interface Part<Item> {
  readonly namespace: string;
  readonly items: readonly Item[];
}

/** In parts that are each in one slot of a Cluster, and not too many for one script. */
export function inScripts<Item extends { readonly key: Key }>(items: readonly Item[]): readonly Part<Item>[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const { namespace } = item.key;
    const group = groups.get(namespace);
    if (group) group.push(item);
    else groups.set(namespace, [item]);
  }
  return [...groups].flatMap(([namespace, group]) =>
    Array.from({ length: Math.ceil(group.length / LOCKS_PER_SCRIPT) }, (_, i) => ({
      namespace,
      items: group.slice(i * LOCKS_PER_SCRIPT, (i + 1) * LOCKS_PER_SCRIPT),
    })),
  );
}
