import pg from 'pg';
import type { Key } from '@tenure/core/store';

/** What an operator does with psql, and what really is in the tables. */
export class Operator {
  readonly url: string;
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.url = url;
    this.#pool = new pg.Pool({ connectionString: url, max: 4, application_name: 'operator' });
    this.#pool.on('error', () => {});
  }

  async ask<R extends pg.QueryResultRow = Record<string, unknown>>(
    text: string,
    values: unknown[] = [],
  ): Promise<R[]> {
    return (await this.#pool.query<R>(text, values)).rows;
  }

  /** A connection of its own, for what spans statements. */
  async session(): Promise<pg.Client & AsyncDisposable> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'operator' });
    client.on('error', () => {});
    await client.connect();
    return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
  }

  /** And says so: who waits would otherwise ask only when the holder's time is up. */
  async deleteKey({ namespace, name }: Key): Promise<void> {
    await this.ask('DELETE FROM tenure_locks WHERE namespace = $1 AND name = $2', [namespace, name]);
    await this.ask('NOTIFY "public.tenure_news"');
  }

  /** What is held under the namespace, and which of these sessions there are. */
  async leftovers(namespace: string, sessionIds: readonly string[]): Promise<string[]> {
    const rows = await this.ask<{ name: string }>(
      'SELECT name FROM tenure_locks WHERE namespace = $1 AND session_id IS NOT NULL ' +
        'UNION ALL SELECT id FROM tenure_sessions WHERE id = ANY($2)',
      [namespace, sessionIds],
    );
    return rows.map(({ name }) => name);
  }

  /** The server's processes for Tenure's connections. */
  async backends(application = 'tenure'): Promise<{ pid: number; query: string; state: string }[]> {
    return this.ask(
      'SELECT pid, query, state FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
      [application],
    );
  }

  /** Ends all of them, as `pg_terminate_backend` does; gives their number. */
  async terminate(application = 'tenure'): Promise<number> {
    const rows = await this.ask(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
      [application],
    );
    return rows.length;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** The same server and user, another database or parameters. */
export function urlWith(url: string, { database, ...query }: Readonly<Record<string, string>>): string {
  const other = new URL(url);
  if (database !== undefined) other.pathname = `/${encodeURIComponent(database)}`;
  for (const [name, value] of Object.entries(query)) other.searchParams.set(name, value);
  return other.href;
}
