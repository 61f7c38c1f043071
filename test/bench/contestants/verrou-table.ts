import type pg from 'pg';

interface Row {
  readonly key: string;
  readonly owner: string;
  readonly expiration: number | null;
}

/** What verrou asks of a database, with the statements that its adapter for Kysely makes of it. */
export class VerrouTable {
  readonly #pool: pg.Pool;
  #table = '';

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  setTableName(name: string): void {
    this.#table = name;
  }

  async createTableIfNotExists(): Promise<void> {
    await this.#pool.query(
      `CREATE TABLE IF NOT EXISTS "${this.#table}" (key varchar(255) PRIMARY KEY NOT NULL, owner varchar(255) NOT NULL, expiration bigint)`,
    );
  }

  async insertLock({ key, owner, expiration }: Row): Promise<void> {
    const text = `INSERT INTO "${this.#table}" (key, owner, expiration) VALUES ($1, $2, $3)`;
    await this.#pool.query(text, [key, owner, expiration]);
  }

  async acquireLock({ key, owner, expiration }: Row): Promise<number> {
    const text = `UPDATE "${this.#table}" SET owner = $1, expiration = $2 WHERE key = $3 AND expiration <= $4`;
    return (await this.#pool.query(text, [owner, expiration, key, Date.now()])).rowCount ?? 0;
  }

  async deleteLock(key: string, owner?: string): Promise<void> {
    const text = `DELETE FROM "${this.#table}" WHERE key = $1`;
    await (owner === undefined
      ? this.#pool.query(text, [key])
      : this.#pool.query(`${text} AND owner = $2`, [key, owner]));
  }

  async extendLock(key: string, owner: string, durationMs: number): Promise<number> {
    const text = `UPDATE "${this.#table}" SET expiration = $1 WHERE key = $2 AND owner = $3`;
    return (await this.#pool.query(text, [Date.now() + durationMs, key, owner])).rowCount ?? 0;
  }

  async getLock(key: string): Promise<Omit<Row, 'key'> | undefined> {
    const text = `SELECT owner, expiration FROM "${this.#table}" WHERE key = $1`;
    const [row] = (await this.#pool.query<{ owner: string; expiration: string }>(text, [key])).rows;
    return row && { owner: row.owner, expiration: Number(row.expiration) };
  }
}
