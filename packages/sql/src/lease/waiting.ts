import type { Key } from '@tenure/core/store';
import { bigintOf, remainingMs } from './row.ts';
import type { Site } from './site.ts';
import { nameIn } from './key-name.ts';

/** Who holds a key that somebody waits for, and for how long its session has been heard of. */
export interface Hold {
  readonly token: bigint;
  readonly remainingMs: number;
}

/** By name; what is not there is free. */
export async function holdsOf(
  site: Site,
  keys: readonly Key[],
  keysPerQuery: number,
  signal: AbortSignal,
): Promise<Map<string, Hold>> {
  const holds = new Map<string, Hold>();
  for (const part of parts(keys, keysPerQuery)) {
    const { rows } = await site.run(site.sql.observers.waiting(part), signal);
    for (const row of rows) {
      const leftMs = remainingMs(row, 'remaining_us');
      if (leftMs > 0) holds.set(nameIn(row), { token: bigintOf(row, 'token'), remainingMs: leftMs });
    }
  }
  return holds;
}

export function parts(keys: readonly Key[], keysPerQuery: number): readonly (readonly Key[])[] {
  const count = Math.ceil(keys.length / keysPerQuery);
  return Array.from({ length: count }, (_, i) => keys.slice(i * keysPerQuery, (i + 1) * keysPerQuery));
}
