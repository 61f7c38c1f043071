import type { Key } from '@tenure/core/store';

/** A script keeps the server busy. */
export const KEYS_PER_SCRIPT = 500;

/** What one script can do. */
export interface Part<Item> {
  readonly namespace: string;
  readonly items: readonly Item[];
}

/** So many at once. */
export const inParts = <Item>(items: readonly Item[], size: number = KEYS_PER_SCRIPT): readonly Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** By what is in one slot of a Cluster. */
export function byNamespace<Item extends { readonly key: Key }>(
  items: readonly Item[],
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const { namespace } = item.key;
    const group = groups.get(namespace);
    if (group) group.push(item);
    else groups.set(namespace, [item]);
  }
  return groups;
}

/** In parts that are each in one slot of a Cluster, and not too many for one script. */
export const inScripts = <Item extends { readonly key: Key }>(
  items: readonly Item[],
): readonly Part<Item>[] =>
  [...byNamespace(items)].flatMap(([namespace, group]) =>
    inParts(group).map((part) => ({ namespace, items: part })),
  );
