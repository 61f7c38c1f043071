/** What one blocking query watches: one key, or everything that starts with `path`. */
export interface Target {
  readonly path: string;
  readonly recurse: boolean;
}

export function covers({ path, recurse }: Target, key: string): boolean {
  return recurse ? key.startsWith(path) : key === path;
}

interface Group {
  readonly keys: readonly string[];
  readonly common: number;
}

/**
 * Covers any number of keys with at most `most` queries. Few keys get one each. More are grouped by common
 * beginnings, the largest group being split where its keys part until half of the queries are used: the rest are
 * for keys to come, which then disturb no running query.
 */
export function plan(keys: readonly string[], most: number): Target[] {
  if (keys.length <= most) return keys.map((path) => ({ path, recurse: false }));
  const aim = Math.max(1, Math.ceil(most / 2));
  let groups = [groupOf(keys)];
  const whole = new Set<Group>();
  while (groups.length < aim) {
    const open = groups.filter((group) => group.keys.length > 1 && !whole.has(group));
    if (open.length === 0) break;
    const largest = open.reduce((one, other) => (other.keys.length > one.keys.length ? other : one));
    const parts = split(largest);
    if (groups.length - 1 + parts.length > most) whole.add(largest);
    else groups = [...groups.filter((group) => group !== largest), ...parts];
  }
  return groups.map(targetOf);
}

function groupOf(keys: readonly string[]): Group {
  const [first = '', ...others] = keys;
  let common = first.length;
  for (const other of others) {
    let same = 0;
    while (same < common && other[same] === first[same]) same += 1;
    common = same;
  }
  return { keys, common };
}

function split({ keys, common }: Group): Group[] {
  const parts = new Map<string, string[]>();
  for (const key of keys) {
    const next = key.charAt(common);
    const part = parts.get(next);
    if (part) part.push(key);
    else parts.set(next, [key]);
  }
  return [...parts.values()].map(groupOf);
}

function targetOf({ keys, common }: Group): Target {
  const [first = ''] = keys;
  if (keys.length === 1) return { path: first, recurse: false };
  // Consul redirects a path that ends in a `.` or `..` of its own; half a surrogate pair can't be sent.
  return {
    path: first
      .slice(0, common)
      .replace(/(^|\/)\.{1,2}$/u, '$1')
      .replace(/\p{Surrogate}$/u, ''),
    recurse: true,
  };
}
