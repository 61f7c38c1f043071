import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../servers/availability.ts';
import { ownMariadb } from './mariadb.ts';
import type { Tally } from './outcomes.ts';
import { ownPostgres } from './postgres.ts';
import type { PostgresVenue } from './postgres.ts';
import { race } from './race.ts';
import { ownSqlite } from './sqlite.ts';
import { naturalSteals, naturalThiefStopped, renewalStopped, stealStopped, thiefStopped } from './stopped.ts';
import type { Venue } from './venue.ts';

const ROUNDS = 300;
const STOPPED_ROUNDS = 3;

const postgresAvailable = await serverOrSkip('postgres', { own: true });
const mariadbAvailable = await serverOrSkip('mariadb', { own: true });

/** Both must be common, or nothing was tried. */
function judge(tally: Tally): void {
  const { counts } = tally;
  expect(tally.rounds).toBe(ROUNDS);
  expect(counts.both).toBe(0);
  expect(counts.renewed).toBeGreaterThan(ROUNDS / 20);
  expect(counts.stolen).toBeGreaterThan(ROUNDS / 20);
}

describe.skipIf(!postgresAvailable)('on PostgreSQL', () => {
  let venue: PostgresVenue;

  beforeAll(async () => {
    venue = await ownPostgres();
  });

  afterAll(() => venue[Symbol.asyncDispose]());

  test('a renewal and a steal at the expiry never both succeed', async () => {
    judge(await race(venue, ROUNDS));
  });

  test('a renewal whose server process is stopped at the row does not outlive the steal', async () => {
    for (let i = 0; i < STOPPED_ROUNDS; i += 1) {
      expect(await renewalStopped(venue)).toEqual({ renewal: 'gone', stolen: true });
    }
  });

  test('a steal whose server process is stopped at the row does not overtake the renewal', async () => {
    for (let i = 0; i < STOPPED_ROUNDS; i += 1) {
      expect(await stealStopped(venue)).toEqual({ renewal: 'renewed', stolen: false });
    }
  });

  test('a thief whose server process is stopped at the row takes nothing from the thief who came after it', async () => {
    for (let i = 0; i < STOPPED_ROUNDS; i += 1) {
      expect(await thiefStopped(venue)).toEqual([false, true]);
    }
  });

  test('these plays can fail: a steal in one statement, which asks whether the session lives, makes two holders', async () => {
    expect(await naturalSteals(venue)).toEqual({ renewal: 'renewed', stolen: true });
    expect(await naturalThiefStopped(venue)).toEqual([true, true]);
  });
});

describe.skipIf(!mariadbAvailable)('on MariaDB', () => {
  test('a renewal and a steal at the expiry never both succeed', () => judgedRace(ownMariadb));
});

describe('on SQLite', () => {
  test('a renewal and a steal at the expiry never both succeed', () => judgedRace(ownSqlite));
});

async function judgedRace(start: () => Promise<Venue>): Promise<void> {
  await using venue = await start();
  judge(await race(venue, ROUNDS));
}
