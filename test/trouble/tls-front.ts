import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface TlsFront {
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/**
 * The beginning of a server that speaks TLS, of which a client that does not trust it sees no more: at once, or, as
 * PostgreSQL does, when it was asked whether it can, which it answers with `yes`.
 */
export async function startTlsFront(
  { cert, key }: { readonly cert: string; readonly key: string },
  yes?: string,
): Promise<TlsFront> {
  const identity = { cert: readFileSync(cert), key: readFileSync(key) };
  const sockets = new Set<Socket>();
  const secure = (socket: Socket): void => {
    new TLSSocket(socket, { isServer: true, ...identity }).on('error', () => {});
  };
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    if (yes === undefined) return secure(socket);
    socket.once('data', () => {
      socket.write(yes);
      secure(socket);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    urls: [`tls://127.0.0.1:${(server.address() as AddressInfo).port}`],
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
