/**
 * `pnpm bench [--scenario name …] [--store name … | --url redis://… --namespace name] [--runs 5] [--count 300]
 * [--keys 1000,10000] [--waiters 32] [--contend-ms 4000] [--ttl 3000] [--json file] [--charts folder]`: how much Tenure costs over the least
 * code that does the same job, and beside other libraries, measured in one run. It is a report: it ends with 0 whatever
 * it has measured.
 */
import { writeFile } from 'node:fs/promises';
import { print } from '../chaos/arguments.ts';
import { venueOrSkip } from '../servers/venue.ts';
import { settingsFrom } from './arguments.ts';
import { writeCharts } from './charts.ts';
import type { Settings, StoreName } from './arguments.ts';
import { nowMs } from './measure.ts';
import { placeAt, placeFor } from './place.ts';
import type { Place } from './place.ts';
import { jsonOf, tableOf } from './report.ts';
import { scenarios } from './scenarios.ts';
import type { Standing } from './standing.ts';
import { judge, verdict } from './verdict.ts';

const settings = settingsFrom(process.argv.slice(2));
const standings: Standing[] = [];

const isThere = async (store: StoreName): Promise<boolean> => store === 'memory' || venueOrSkip(store);

const open = async (store: StoreName, { url }: Settings): Promise<Place | undefined> => {
  if (url !== undefined) return placeAt(store, url);
  return (await isThere(store)) ? placeFor(store) : undefined;
};

const wanted = scenarios.filter(({ name }) => settings.scenarios.includes(name));
print(`${settings.runs} runs, namespace ${settings.namespace}\n`);
for (const store of settings.stores) {
  const suiting = wanted.filter(({ suits }) => suits(store));
  if (suiting.length === 0) continue;
  await using place = await open(store, settings);
  if (!place) continue;
  for (const { name, play } of suiting) {
    const since = nowMs();
    try {
      standings.push(...(await play(place, settings)));
      print(`${name} on ${store}: ${Math.round((nowMs() - since) / 1000)} s`);
    } catch (error) {
      process.exitCode = 1;
      print(
        `${name} on ${store}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
  }
}

for (const scenario of wanted) {
  if (standings.some(({ scenario: name }) => name === scenario.name))
    print(`\n${scenario.name}: ${scenario.what(settings)}\n\n${tableOf(scenario, standings)}`);
}
const judged = judge(standings);
print(`\n${verdict(judged)}`);
if (settings.charts !== undefined)
  for (const file of await writeCharts(settings.charts, standings)) print(`drawn: ${file}`);
if (settings.json !== undefined) await writeFile(settings.json, jsonOf(settings, standings, judged));
