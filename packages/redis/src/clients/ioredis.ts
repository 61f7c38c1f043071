import { Cluster, Redis } from 'ioredis';
import type { Connection, Driver, Ears } from '../driver.ts';

/** What is used of a client of `ioredis` 5 or 6, `Redis` or `Cluster`. */
export interface IoredisClient {
  readonly isCluster?: boolean;
  readonly options: object;
  call(command: string, ...args: string[]): Promise<unknown>;
  // eslint-disable-next-line typescript/no-explicit-any -- overloads differ between the two classes and versions
  duplicate(...args: any[]): unknown;
}

/** What is used of a duplicate, which is ours. */
interface Own {
  connect(): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  disconnect(): void;
  /** Of a single server's client, not a Cluster's. */
  readonly stream?: { cork?(): void; uncork?(): void };
  on(
    event: string, // eslint-disable-next-line typescript/no-explicit-any -- one for each event
    listener: (...args: any[]) => void,
  ): unknown;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Nothing is kept to be sent later, nothing is sent twice, and a connection that is lost is not made again behind our back. */
const BARE = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: null,
  reconnectOnError: null,
  connectTimeout: CONNECT_TIMEOUT_MS,
  keepAlive: 5000,
  // It asks INFO, which a user may not be permitted; a server that loads says so to the first command.
  enableReadyCheck: false,
  // How long a server may take to hang up, too; one that is silent never does.
  disconnectTimeout: 0,
  enableAutoPipelining: false,
  // Scripts name keys that no client can see.
  keyPrefix: '',
  monitor: false,
  readOnly: false,
  stringNumbers: false,
} as const;

const BARE_CLUSTER = {
  lazyConnect: true,
  enableOfflineQueue: false,
  clusterRetryStrategy: null,
  scaleReads: 'master',
  keyPrefix: '',
  // A server that is down is asked again by the core, not here.
  maxRedirections: 4,
  enableAutoPipelining: false,
  redisOptions: {
    keyPrefix: '',
    enableReadyCheck: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 5000,
    disconnectTimeout: 0,
  },
} as const;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: boolean;
}

export const isIoredis = (client: object): client is IoredisClient =>
  'call' in client && 'duplicate' in client && 'options' in client;

/** One of our own, from addresses. Several make a Cluster. */
export function ownIoredis(
  addresses: readonly Address[],
  { tls, db, ...login }: Login,
  isCluster: boolean,
): Driver {
  const access = { ...login, ...(tls ? { tls: {} } : {}) };
  const where = `redis at ${addresses.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
  const [first] = addresses;
  return {
    where,
    isCluster,
    connect: (ears) =>
      open(
        isCluster
          ? new Cluster([...addresses], {
              ...BARE_CLUSTER,
              redisOptions: { ...BARE_CLUSTER.redisOptions, ...access },
            })
          : new Redis({ ...first, ...access, ...(db === undefined ? {} : { db }), ...BARE }),
        ears,
      ),
  };
}

/** The connections of a user's client, made anew for us. */
export function duplicatedIoredis(client: IoredisClient): Driver {
  const isCluster = client.isCluster === true;
  const { host, port, path } = client.options as { host?: string; port?: number; path?: string };
  const { redisOptions } = client.options as { redisOptions?: object };
  return {
    where: isCluster ? 'redis cluster' : `redis at ${path ?? `${host ?? '127.0.0.1'}:${port ?? 6379}`}`,
    isCluster,
    connect: (ears) => {
      const own = isCluster
        ? client.duplicate([], {
            ...BARE_CLUSTER,
            redisOptions: { ...redisOptions, ...BARE_CLUSTER.redisOptions },
          })
        : client.duplicate(BARE);
      return open(own as Own, ears);
    },
  };
}

function open(client: Own, ears: Ears): Connection {
  let problem: unknown;
  // Unheard it would end the process.
  client.on('error', (error: unknown) => (problem = error));
  client.on('end', () => ears.lost());
  client.on('message', (channel: string, text: string) => ears.message(channel, text));
  const ready = client.connect().then(
    () => {},
    (error: unknown) => {
      client.disconnect();
      throw problem ?? error;
    },
  );
  ready.catch(() => ears.lost());
  let gathering = false;
  /** What is sent in one turn of the event loop goes out in one write: a write costs more than all the rest of a command. */
  const gather = (): void => {
    const { stream } = client;
    if (gathering || !stream?.cork) return;
    gathering = true;
    stream.cork();
    process.nextTick(() => {
      gathering = false;
      stream.uncork?.();
    });
  };
  return {
    ready,
    send: (command) => {
      gather();
      // A login that is refused ends the connection, and that is all that version 5 says to what comes after it.
      return client.call(...(command as readonly [string])).catch((error: unknown) => {
        throw problem instanceof Error && problem.name === 'ReplyError' ? problem : error;
      });
    },
    subscribe: async (channel) => void (await client.subscribe(channel)),
    unsubscribe: async (channel) => void (await client.unsubscribe(channel)),
    close: () => client.disconnect(),
  };
}
