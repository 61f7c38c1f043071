import { setMaxListeners } from 'node:events';
import type { Connection, Driver, Ears } from '../driver.ts';

/** What is used of a client of `redis` (node-redis) 5 or later, from `createClient` or `createCluster`. */
export interface NodeRedisClient {
  // eslint-disable-next-line typescript/no-explicit-any -- generics without end
  duplicate(overrides?: any): unknown;
  // eslint-disable-next-line typescript/no-explicit-any -- the Cluster's takes a key first
  sendCommand(...args: any[]): Promise<unknown>;
  readonly options?: unknown;
}

/** What is used of a duplicate, which is ours. */
interface Own {
  connect(): Promise<unknown>;
  sendCommand(...args: unknown[]): Promise<unknown>;
  subscribe(channel: string, hear: (text: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  destroy(): void;
  on(
    event: string, // eslint-disable-next-line typescript/no-explicit-any -- one for each event
    listener: (...args: any[]) => void,
  ): unknown;
}

interface Options {
  readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string };
  readonly rootNodes?: unknown;
  readonly defaults?: { readonly socket?: object };
}

export const isNodeRedis = (client: object): client is NodeRedisClient =>
  'sendCommand' in client && 'duplicate' in client && 'connect' in client && !('call' in client);

export function duplicatedNodeRedis(client: NodeRedisClient): Driver {
  // A Cluster shows nowhere how its servers are reached, and overrides take the place of all of it: login and TLS too.
  const options = (client.options ?? Reflect.get(client, '_options') ?? {}) as Options;
  const isCluster = 'masters' in client || options.rootNodes !== undefined;
  const { host = '127.0.0.1', port = 6379, path } = options.socket ?? {};
  return {
    where: isCluster ? 'redis cluster' : `redis at ${path ?? `${host}:${port}`}`,
    isCluster,
    connect: (ears) => {
      const closing = new AbortController();
      setMaxListeners(0, closing.signal);
      // Ends the connections, too, that the client makes on its way and does not know any more.
      const bare = { reconnectStrategy: false, signal: closing.signal };
      const own = isCluster
        ? client.duplicate({
            // A server that is down is no reason not to reach the others.
            minimizeConnections: true,
            defaults: {
              ...options.defaults,
              disableOfflineQueue: true,
              socket: { ...options.defaults?.socket, ...bare },
            },
          })
        : client.duplicate({
            disableOfflineQueue: true,
            socket: { ...options.socket, ...bare },
          });
      return open(own as Own, isCluster, ears, closing);
    },
  };
}

interface Server {
  readonly host: string;
  readonly port: number;
}

function open(client: Own, isCluster: boolean, ears: Ears, closing: AbortController): Connection {
  let problem: unknown;
  let closed = false;
  // Of a Cluster's servers, those whose connection is up: the client never makes it anew by itself.
  const up = new Set<string>();
  client.on('node-ready', ({ host, port }: Server) => up.add(`${host}:${port}`));
  client.on('node-error', (error: unknown, { host, port }: Server) => {
    problem = error;
    if (up.delete(`${host}:${port}`)) ears.lost();
  });
  // Unheard it would end the process.
  client.on('error', (error: unknown) => {
    problem = error;
    if (!isCluster) ears.lost();
  });
  client.on('end', () => ears.lost());
  const destroy = (): void => {
    try {
      client.destroy();
    } catch {
      // It was closed already.
    }
  };
  const close = (): void => {
    if (closed) return;
    closed = true;
    destroy();
    closing.abort();
  };
  const ready = client.connect().then(
    () => {
      // One that was closed before it had a socket may have got one since.
      if (closed) destroy();
    },
    (error: unknown) => {
      close();
      throw problem ?? error;
    },
  );
  ready.catch(() => ears.lost());
  return {
    ready,
    send: (command, key) =>
      isCluster ? client.sendCommand(key, false, [...command]) : client.sendCommand([...command]),
    subscribe: async (channel) => {
      await client.subscribe(channel, (text, from) => ears.message(from, text));
    },
    unsubscribe: async (channel) => void (await client.unsubscribe(channel)),
    close,
  };
}
