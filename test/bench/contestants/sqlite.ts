import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'libsql';
import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Contestant, Field, Hold, Spot } from '../contestant.ts';

const TABLE = 'bench_floor';
/** How often who waits asks again; the store's own default. */
const POLL_MS = 20;

const open = ({ url }: Spot): Database.Database => {
  const database = new Database(decodeURIComponent(url.replace(/^sqlite:|\?.*$/gu, '')), { timeout: 1000 });
  database.exec('PRAGMA journal_mode = WAL');
  // As the store has it: a commit is on the disk.
  database.exec('PRAGMA synchronous = FULL');
  return database;
};

/** A row that is claimed if it is free or has run out, and freed; who has to wait looks again every 20 ms. */
const floor: Contestant = {
  name: 'floor: claim and free a row',
  role: 'floor',
  async open(spot) {
    const database = open(spot);
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (k TEXT PRIMARY KEY, owner TEXT, token INTEGER NOT NULL, expires_at INTEGER NOT NULL)`,
    );
    const claim = database.prepare(
      `INSERT INTO ${TABLE} AS l VALUES (?, ?, 1, ?) ON CONFLICT (k) DO UPDATE SET owner = excluded.owner, ` +
        'token = l.token + 1, expires_at = excluded.expires_at WHERE l.owner IS NULL OR l.expires_at < ?',
    );
    const free = database.prepare(`UPDATE ${TABLE} SET owner = NULL WHERE k = ? AND owner = ?`);
    return {
      acquire: async (key): Promise<Hold> => {
        const me = randomBytes(8).toString('hex');
        for (;;) {
          const now = Date.now();
          if (claim.run(key, me, now + PATIENT_TTL_MS, now).changes > 0) break;
          await pause(POLL_MS);
        }
        return { release: async () => free.run(key, me) };
      },
      close: async () => database.close(),
    };
  },
  tidy: async (spot) => {
    const database = open(spot);
    database.exec(`DROP TABLE IF EXISTS ${TABLE}`);
    database.close();
  },
};

export const sqliteField: Field = { uncontended: [floor], contended: [floor], handover: [floor] };
