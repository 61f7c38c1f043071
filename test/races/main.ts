/** node --import tsx test/races/main.ts [postgres|mariadb|sqlite …] [rounds] */
import { ownMariadb } from './mariadb.ts';
import { naturalSteal } from './natural.ts';
import { Tally } from './outcomes.ts';
import { ownPostgres } from './postgres.ts';
import type { PostgresVenue } from './postgres.ts';
import { open, race } from './race.ts';
import { ownSqlite } from './sqlite.ts';
import * as stopped from './stopped.ts';
import type { Venue } from './venue.ts';

const STOPPED_ROUNDS = 50;
const names = ['postgres', 'mariadb', 'sqlite'] as const;
type Name = (typeof names)[number];

const args = process.argv.slice(2);
const rounds = Number(args.find((arg) => /^\d+$/u.test(arg)) ?? 10_000);
const chosen = names.filter((name) => args.includes(name));
let twoHolders = 0;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function report(title: string, tally: Tally): void {
  say(tally.table(title));
  twoHolders += tally.counts.both;
}

async function withStopped(venue: PostgresVenue): Promise<void> {
  for (const [title, play] of [
    ['PostgreSQL, the renewal stopped between snapshot and row', stopped.renewalStopped],
    ['PostgreSQL, the steal stopped between snapshot and row', stopped.stealStopped],
  ] as const) {
    const tally = new Tally();
    for (let i = 0; i < STOPPED_ROUNDS; i += 1) {
      const { renewal, stolen } = await play(venue);
      tally.count(renewal, stolen);
    }
    report(title, tally);
  }
  let both = 0;
  for (let i = 0; i < STOPPED_ROUNDS; i += 1) {
    const granted = await stopped.thiefStopped(venue);
    if (granted.every(Boolean)) both += 1;
  }
  twoHolders += both;
  say(
    `PostgreSQL, a thief stopped while another takes the key: ${STOPPED_ROUNDS} rounds, ${both} with two holders\n`,
  );
}

/** What the harness sees when the steal is wrong. */
async function withNatural(venue: PostgresVenue): Promise<void> {
  const thief = await open(venue.thief);
  const tally = await race(venue, rounds, naturalSteal(venue.operator, thief.id));
  say(
    tally.table('For comparison: PostgreSQL, a steal in one statement that asks whether the session lives'),
  );
}

const venues: Record<Name, () => Promise<void>> = {
  async postgres() {
    await using venue = await ownPostgres();
    report(venue.name, await race(venue, rounds));
    await withStopped(venue);
    await withNatural(venue);
  },
  mariadb: () => plainly(ownMariadb),
  sqlite: () => plainly(ownSqlite),
};

async function plainly(start: () => Promise<Venue>): Promise<void> {
  await using venue = await start();
  report(venue.name, await race(venue, rounds));
}

for (const name of chosen.length === 0 ? names : chosen) await venues[name]();
if (twoHolders > 0) {
  say(`${twoHolders} times two held one key`);
  process.exitCode = 1;
}
