import mysql2 from 'mysql2';
import type { Pool } from 'mysql2';
import type { Tenure } from '@tenure/core';
import type { Store } from '@tenure/core/store';
import { expect } from 'vitest';
import type { MariadbServer } from '../../../test/servers/mariadb.ts';
import { migrate, mysql } from '../src/mysql.ts';
import type { MysqlOptions } from '../src/mysql.ts';
import { stage } from './mysql-operator.ts';
import type { Flavour, Operator, Stage } from './mysql-operator.ts';
import { eventually } from './postgres-candidate.ts';

/** Whose connections are the stores' only. */
export const USER = 'app';

/** A server with tables, and a user that nobody else is; what a test makes of both is cleared away after it. */
export class Scene {
  readonly #flavour: Flavour;
  readonly #stores: Store[] = [];
  readonly #pools: Pool[] = [];
  #stage: Stage | undefined;
  #url = '';

  constructor(flavour: Flavour) {
    this.#flavour = flavour;
  }

  /** Of that user. */
  get url(): string {
    return this.#url;
  }

  get operator(): Operator {
    return this.#stage!.operator;
  }

  get server(): MariadbServer {
    return this.#stage!.server;
  }

  async set(): Promise<void> {
    this.#stage = await stage(this.#flavour, { settings: { 'max-connections': '60' } });
    await migrate({ url: this.#stage.url });
    this.#url = await this.operator.user(USER);
    await this.operator.ask(`GRANT ALL ON tenure.* TO '${USER}'@'127.0.0.1'`);
  }

  /** Sees to it that no connection is left. */
  async clear(): Promise<void> {
    await this.closeStores();
    await Promise.all(this.#pools.splice(0).map((pool) => pool.promise().end()));
    await eventually(async () => expect(await this.operator.connectionsOf(USER)).toEqual([]));
  }

  async strike(): Promise<void> {
    await this.operator.close();
    await this.server.stop();
  }

  storeOf(options: MysqlOptions): Store {
    const store = mysql(options);
    this.#stores.push(store);
    return store;
  }

  async closeStores(): Promise<void> {
    await Promise.all(this.#stores.splice(0).map((store) => store.close()));
  }

  poolOf(connectionLimit: number): Pool {
    const pool = mysql2.createPool({ uri: this.#url, connectionLimit });
    this.#pools.push(pool);
    return pool;
  }

  serializablePool(connectionLimit: number): Pool {
    const pool = this.poolOf(connectionLimit);
    pool.on('connection', (connection) => {
      connection.query('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    });
    return pool;
  }
}

export const happens = (tenure: Tenure, event: 'jeopardy' | 'secure'): Promise<void> =>
  new Promise((resolve) => {
    tenure.session.once(event, () => resolve());
  });
