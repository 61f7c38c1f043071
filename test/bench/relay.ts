import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { StoreName } from './arguments.ts';

/** Of what one client has sent: how many requests begin, or end, in this part. */
type Count = (chunk: Buffer) => number;

/** HTTP/1.1: short requests, a line each to begin with. */
const httpRequests = (): Count => (chunk) => chunk.toString('latin1').split(' HTTP/1.1\r\n').length - 1;

/** PostgreSQL: a simple query, or what is between two synchronisations. */
function postgresRequests(): Count {
  let rest = Buffer.alloc(0);
  let isFirst = true;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    let requests = 0;
    for (;;) {
      // The first message of a connection has no letter.
      const head = isFirst ? 0 : 1;
      if (rest.length < head + 4) return requests;
      const end = head + rest.readUInt32BE(head);
      if (rest.length < end) return requests;
      const letter = head === 0 ? '' : String.fromCharCode(rest[0]!);
      if (letter === 'Q' || letter === 'S') requests += 1;
      isFirst = false;
      rest = rest.subarray(end);
    }
  };
}

const counts: Partial<Record<StoreName, () => Count>> = { consul: httpRequests, postgres: postgresRequests };

/** Servers that count no requests as sharply as one would like are reached through one of these. */
export interface Relay extends AsyncDisposable {
  readonly url: string;
  readonly requests: number;
}

/** Undefined where the server counts for itself. */
export async function relayFor(store: StoreName, url: string): Promise<Relay | undefined> {
  const countOf = counts[store];
  if (!countOf) return undefined;
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    const count = countOf();
    client.on('data', (chunk) => (requests += count(chunk)));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: url.replace(target.host, `127.0.0.1:${port}`),
    get requests() {
      return requests;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
