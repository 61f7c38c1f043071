import { parseArgs } from 'node:util';
import { timeline } from '@tenure/conformance/history';
import type { HistoryEvent } from '@tenure/conformance/history';
import { table } from '../failover/table.ts';
import { storm } from '../storm/storm.ts';
import { judge, keep, rowOf } from '../storm/verdict.ts';
import type { Judged } from '../storm/verdict.ts';
import { venueKinds, venueOrSkip } from '../servers/venue.ts';
import { print, storesIn, wholeNumber } from './arguments.ts';

const MINUTES = 2;
const TTL_MS = 3000;
/** So much of the history around a violation is printed, on either side. */
const AROUND_MS = 5000;
const SHOWN = 5;

/** `--store etcd [--store …|all] [--minutes 2] [--seed N] [--ttl 3000] [--clock-rate 1]`: one episode of chosen faults after another, and the history checked. */
export async function stormChaos(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      store: { type: 'string', multiple: true, default: ['all'] },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      ttl: { type: 'string' },
      'clock-rate': { type: 'string' },
    },
  });
  const names = values.store.includes('all') ? [] : values.store;
  const minutes = Number(values.minutes ?? MINUTES);
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, got "${values.minutes}"`);
  const ttlMs = wholeNumber(values.ttl, TTL_MS);
  const seed = wholeNumber(values.seed, 1 + Math.floor(Math.random() * 999_999));
  const clockRate = Number(values['clock-rate'] ?? 1);
  if (!(clockRate > 0))
    throw new Error(`--clock-rate must be a number above 0, got "${values['clock-rate']}"`);
  const judged: Judged[] = [];
  for (const kind of storesIn(names, venueKinds)) {
    if (!(await venueOrSkip(kind))) continue;
    print(`${kind}: ${minutes} minutes, --seed ${seed}`);
    const tell = (text: string): void => print(`  ${text}`);
    const found = judge(await storm({ kind, ms: minutes * 60_000, ttlMs, seed, clockRate, tell }));
    show(found, await keep(found.storm));
    judged.push(found);
  }
  print(`\n${faultsOf(judged)}`);
  print(`\n${table(judged.map(rowOf))}`);
  return judged.length > 0 && judged.every(({ verdict }) => verdict.violations.length === 0);
}

function show({ storm: { options, events }, verdict }: Judged, file: string): void {
  const { violations } = verdict;
  const { kind, ms, seed, ttlMs } = options;
  print(`${kind}: ${violations.length === 0 ? 'kept its word' : 'BROKE ITS WORD'}; the history: ${file}`);
  for (const { rule, text, events: evidence } of violations.slice(0, SHOWN)) {
    print(`\n${rule}: ${text}`);
    const first = evidence[0];
    if (!first) continue;
    const isAboutWork = rule === 'fenced-linearizable' || rule === 'stale-save';
    const shown = isAboutWork ? events : events.filter((event) => !isWork(event) || evidence.includes(event));
    const at = 'at' in first ? first.at : first.calledAt;
    const key = 'key' in first ? first.key : undefined;
    print(timeline(shown, { ...(key !== undefined && { key }), around: { at, ms: AROUND_MS } }));
  }
  if (violations.length > SHOWN) print(`\n… and ${violations.length - SHOWN} more`);
  if (violations.length > 0)
    print(`\nagain: pnpm chaos --store ${kind} --minutes ${ms / 60_000} --ttl ${ttlMs} --seed ${seed}`);
}

/** There are so many of them that nothing else could be seen. */
const isWork = ({ what }: HistoryEvent): boolean =>
  what === 'operation' || what === 'saved' || what === 'current';

/** Faults by kind, a column for each store. */
function faultsOf(judged: readonly Judged[]): string {
  const faults = new Set(judged.flatMap(({ verdict }) => Object.keys(verdict.faults)));
  const rows = [...faults].toSorted().map((fault) => {
    const counts = judged.map(({ storm: { options }, verdict }): [string, string | number] => [
      options.kind,
      verdict.faults[fault] ?? 0,
    ]);
    return Object.fromEntries([['fault', fault], ...counts]);
  });
  return table(rows);
}
