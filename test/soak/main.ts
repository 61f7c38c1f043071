/**
 * `pnpm soak [--minutes 30] [--store etcd …] [--keys 2000] [--processes 5] [--ttl-ms 15000] [--seed …]`: many elections
 * in several processes for a long time, and what they cost in the beginning, half-way and in the end. Ends with 1 when
 * anything has grown. A seed gives the same keys and the same restarts, not the same moments.
 */
import { table } from '../failover/table.ts';
import { row } from './measurement.ts';
import type { Measurement } from './measurement.ts';
import { settingsFrom } from './settings.ts';
import { soak } from './soak.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { kinds, minutes, keys, processes, ttlMs, seed } = settingsFrom(process.argv.slice(2));
for (const kind of kinds) {
  say(
    `${kind}: ${processes} processes, each stands for ${keys} keys; ${minutes} minutes, TTL ${ttlMs} ms, --seed ${seed}`,
  );
  const tell = ({ when, handles }: Measurement): void =>
    say(`  ${when} measured; handles: ${JSON.stringify(handles)}`);
  const { measurements, violations } = await soak({
    kind,
    keys,
    processes,
    ttlMs,
    seed,
    churnMs: minutes * 60_000,
    say: tell,
  });
  say(table(measurements.map(row)));
  say(violations.length === 0 ? `${kind}: nothing has grown` : `${kind}: NOT SOUND`);
  for (const violation of violations) say(`    ${violation}`);
  if (violations.length > 0) process.exitCode = 1;
}
