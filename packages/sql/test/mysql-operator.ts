import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import mysql from 'mysql2/promise';
import type { Key } from '@tenure/core/store';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startMariadb } from '../../../test/servers/mariadb.ts';
import type { MariadbOptions, MariadbServer } from '../../../test/servers/mariadb.ts';

export type Flavour = Exclude<MariadbOptions['flavour'], undefined>;

export const flavours: readonly { readonly flavour: Flavour; readonly available: boolean }[] = [
  { flavour: 'mariadb', available: (await serverOrSkip('mariadb', { own: true })) !== undefined },
  { flavour: 'mysql', available: (await serverOrSkip('mysql', { own: true })) !== undefined },
];

export interface Stage {
  readonly server: MariadbServer;
  readonly operator: Operator;
  /** Of the user root. */
  readonly url: string;
}

export async function stage(flavour: Flavour, options: MariadbOptions = {}): Promise<Stage> {
  const server = await startMariadb({ own: true, flavour, ...options });
  const url = server.urls[0]!;
  return { server, url, operator: new Operator(url) };
}

/** What an operator does with the command line, and what really is in the tables. */
export class Operator {
  readonly url: string;
  readonly #pool: mysql.Pool;

  constructor(url: string) {
    this.url = url;
    this.#pool = mysql.createPool({ uri: url, connectionLimit: 4, multipleStatements: true });
  }

  async ask<R = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<R[]> {
    const [rows] = await this.#pool.query(text, values);
    return rows as R[];
  }

  /** A connection of its own, for what spans statements. */
  async session(): Promise<mysql.Connection & AsyncDisposable> {
    const connection = await mysql.createConnection({ uri: this.url });
    connection.on('error', () => {});
    return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.end() });
  }

  async deleteKey({ namespace, name }: Key): Promise<void> {
    await this.ask('DELETE FROM tenure_locks WHERE namespace = ? AND name = ?', [namespace, name]);
  }

  /** What is held under the namespace, and which of these sessions there are. */
  async leftovers(namespace: string, sessionIds: readonly string[]): Promise<string[]> {
    const rows = await this.ask<{ name: Buffer }>(
      'SELECT name FROM tenure_locks WHERE namespace = ? AND session_id IS NOT NULL ' +
        'UNION ALL SELECT id FROM tenure_sessions WHERE id IN (?)',
      [namespace, [...sessionIds, '']],
    );
    return rows.map(({ name }) => name.toString());
  }

  /** A user of that name who may do nothing, and the URL that it connects with. */
  async user(name: string): Promise<string> {
    await this.ask(`CREATE USER '${name}'@'127.0.0.1' IDENTIFIED BY ''`);
    return urlWith(this.url, { username: name });
  }

  async connectionsOf(user: string): Promise<{ id: number; info: string | null }[]> {
    return this.ask('SELECT id AS id, info AS info FROM information_schema.processlist WHERE user = ?', [
      user,
    ]);
  }

  /** Ends all of them; gives their number. */
  async killAllOf(user: string): Promise<number> {
    const connections = await this.connectionsOf(user);
    // Some may have ended by themselves meanwhile.
    await Promise.all(connections.map(({ id }) => this.ask(`KILL ${id}`).catch(() => {})));
    return connections.length;
  }

  /** How often the server has executed each kind of statement, as `select` and `update`. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.ask<{ Variable_name: string; Value: string }>(
      "SHOW GLOBAL STATUS LIKE 'Com\\_%'",
    );
    const counts = rows.map((row) => [row.Variable_name.replace('Com_', ''), Number(row.Value)] as const);
    return new Map(counts.filter(([kind]) => kind !== 'show_status'));
  }

  /** Resolves when nobody asks the server anything: what stores do in the background is over. */
  async quiet(): Promise<void> {
    let before: unknown;
    for (let stillFor = 0; stillFor < 5; stillFor += 1) {
      const now = Object.fromEntries(await this.counts());
      if (!isDeepStrictEqual(now, before)) stillFor = 0;
      before = now;
      await pause(20);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** The same server; another user, database or parameters. */
export function urlWith(
  url: string,
  {
    username,
    database,
    port,
    ...query
  }: Readonly<Record<string, string>> & { username?: string; database?: string; port?: string },
): string {
  const other = new URL(url);
  if (username !== undefined) other.username = username;
  if (database !== undefined) other.pathname = `/${encodeURIComponent(database)}`;
  if (port !== undefined) other.port = port;
  for (const [name, value] of Object.entries(query)) other.searchParams.set(name, value);
  return other.href;
}
