import { setMaxListeners } from 'node:events';
import { ClosedError, NotAppliedError } from '@tenure/core/store';
import type { Answer, Database, Listener, Statement, Tables, Telling } from '../database.ts';
import { OwnConnections, PooledConnections } from './connections.ts';
import type { Condition, Connections } from './connections.ts';
import { dialect } from './dialect.ts';
import { loadDriver, queryOf } from './driver.ts';
import type { ClientClass, OwnClient, PostgresClient, PostgresConnection, PostgresPool } from './driver.ts';
import { failure, isOfPreparation, leavesConnectionFit } from './failure.ts';
import { knownManners, mannersOf } from './isolation.ts';
import { Listening } from './listening.ts';
import { createSchemaSql, migrateOn } from './migration.ts';
import { channelOf, tellingIn } from './news.ts';
import { isPool } from './options.ts';
import type { Settings } from './options.ts';
import { Turns } from '../connections/turns.ts';
import { untilAborted } from '../connections/until-aborted.ts';
import { numbered } from './statement.ts';
import { placeOf } from './url.ts';

/** Of our own; what the user says takes precedence. */
const CONNECTION_DEFAULTS: PostgresConnection = {
  application_name: 'tenure',
  connectionTimeoutMillis: 5000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
};

interface Loan {
  readonly client: PostgresClient;
  readonly giveBack: (condition: Condition) => void;
}

export class PostgresDatabase implements Database {
  readonly name = 'PostgreSQL';
  readonly dialect: typeof dialect = dialect;
  readonly pollMs = 1000;
  readonly listen?: (listener: Listener) => () => void;
  readonly listening?: (signal: AbortSignal) => Promise<void>;
  readonly #tables: Tables;
  readonly #schema: string;
  /** Also where nobody of this process listens: others may. */
  readonly telling: Telling;
  readonly #where: string;
  readonly #connections: Connections;
  readonly #listening: Listening | undefined;
  readonly #turns: Turns;
  readonly #closing = new AbortController();
  /** Until a connection turns out not to keep what was prepared on it: then everything is sent in full. */
  #keeps = true;

  constructor(settings: Settings, tables: Tables) {
    const { source, maxConnections, listen, clock } = settings;
    const { schema, tablePrefix } = settings.tables;
    this.#tables = tables;
    this.#schema = schema;
    const channel = channelOf(schema, tablePrefix);
    this.telling = tellingIn(channel);
    this.#connections = isPool(source)
      ? new PooledConnections(source)
      : new OwnConnections(() => make(source));
    const connection = isPool(source) ? configurationOf(source) : source;
    this.#turns = new Turns(isPool(source) ? Math.min(maxConnections, sizeOf(connection)) : maxConnections);
    this.#where = `PostgreSQL at ${placeOf(connection)}`;
    setMaxListeners(0, this.#closing.signal);
    if (listen === undefined) return;
    const listening = new Listening({
      make: () => make(listen === 'own' ? connection : listen, isPool(source) ? source : undefined),
      channel,
      clock,
      trusted: listen !== 'own',
    });
    this.#listening = listening;
    this.listen = (listener) => listening.listen(listener);
    this.listening = (signal) => listening.listening(signal);
  }

  run(statement: Statement, signal: AbortSignal): Promise<Answer> {
    return this.#withClient(statement.urgent === true, signal, async (client) => {
      const { begin, direct } = knownManners(client) ?? (await mannersOf(client));
      const query = numbered(statement, direct && this.#keeps);
      try {
        const { rows, rowCount } = begin ? await within(client, begin, query) : await client.query(query);
        return { rows, changed: rowCount ?? 0 };
      } catch (error) {
        if (query.name === undefined || !isOfPreparation(error)) throw error;
        this.#keeps = false;
        throw new NotAppliedError(`${this.#where}: ${(error as Error).message}`, { cause: error });
      }
    });
  }

  migrate(statements: readonly string[], signal: AbortSignal): Promise<boolean> {
    const all = [createSchemaSql(this.#schema), ...statements];
    return this.#withClient(false, signal, (client) => migrateOn(client, this.#tables, all));
  }

  /** Whether waiters are woken, found out by listening; undefined where that is not wanted. */
  async hears(signal: AbortSignal): Promise<boolean | undefined> {
    const listening = this.#listening;
    if (!listening) return undefined;
    const leave = listening.listen({ hear: () => {}, missed: () => {} });
    try {
      await listening.listening(signal);
      return listening.hears;
    } finally {
      leave();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new ClosedError('the PostgreSQL store was closed'));
    await Promise.all([this.#listening?.close(), this.#connections.close()]);
  }

  async #withClient<T>(
    urgent: boolean,
    signal: AbortSignal,
    work: (client: PostgresClient) => Promise<T>,
  ): Promise<T> {
    const signals = [signal, this.#closing.signal];
    const { client, giveBack } = this.#borrowIdle(urgent, signals) ?? (await this.#borrow(urgent, signals));
    try {
      const result = await untilAborted(work(client), signals);
      giveBack('fit');
      return result;
    } catch (error) {
      if (signals.some(({ aborted }) => aborted)) {
        // What it is asked next, it would answer after what it was asked before.
        giveBack('silent');
        throw error;
      }
      giveBack(leavesConnectionFit(error) ? 'fit' : 'broken');
      throw failure(error, this.#where, 'asked');
    }
  }

  /** Mostly there is one, and nothing to be waited for. */
  #borrowIdle(urgent: boolean, signals: readonly AbortSignal[]): Loan | undefined {
    if (signals.some(({ aborted }) => aborted)) return undefined;
    const leave = this.#turns.tryEnter(urgent);
    const client = leave && this.#connections.takeIdle();
    if (!client) {
      leave?.();
      return undefined;
    }
    const giveBack = (condition: Condition): void => {
      this.#connections.giveBack(client, condition);
      leave();
    };
    return { client, giveBack };
  }

  async #borrow(urgent: boolean, signals: readonly AbortSignal[]): Promise<Loan> {
    const leave = await this.#turns.enter(urgent, signals);
    const giveBack = (client: PostgresClient, condition: Condition): void => {
      this.#connections.giveBack(client, condition);
      leave();
    };
    // One that comes too late for this is there for the next.
    const coming = this.#connections.take();
    coming.catch(leave);
    try {
      const client = await untilAborted(coming, signals, (late) => giveBack(late, 'fit'));
      return { client, giveBack: (condition) => giveBack(client, condition) };
    } catch (error) {
      if (signals.some(({ aborted }) => aborted)) throw error;
      throw failure(error, this.#where, 'connecting');
    }
  }
}

/** An isolation level that is not the server's default takes a transaction around the statement. */
async function within(
  client: PostgresClient,
  begin: string,
  query: ReturnType<typeof queryOf>,
): ReturnType<PostgresClient['query']> {
  await client.query(queryOf(begin));
  try {
    const result = await client.query(query);
    await client.query(queryOf('COMMIT'));
    return result;
  } catch (error) {
    await client.query(queryOf('ROLLBACK')).catch(() => {});
    throw error;
  }
}

async function make(connection: PostgresConnection, pool?: PostgresPool): Promise<OwnClient> {
  // A pool may make clients of a class of its own, which knows the way to the server.
  const { Client = await loadDriver() } = (pool ?? {}) as { readonly Client?: ClientClass };
  return new Client({ ...CONNECTION_DEFAULTS, ...connection });
}

/** So that renewals do not queue in the pool behind what is not urgent; as it is in a pool of one. */
const sizeOf = ({ max }: PostgresConnection): number => (typeof max === 'number' ? Math.max(2, max) : 10);

/** A copy that leaves out what is not enumerable would leave out the password. */
function configurationOf(pool: PostgresPool): PostgresConnection {
  const { options } = pool as { readonly options?: PostgresConnection };
  const { password } = options ?? {};
  return { ...options, ...(password === undefined ? {} : { password }) };
}
