import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

export interface DeafAgent {
  readonly address: string;
  close(): Promise<void>;
}

/** A way to an agent on which no blocking query is ever answered, and everything else is. */
export async function startDeafAgent(target: { readonly port: number }): Promise<DeafAgent> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const agent = createConnection(target.port, '127.0.0.1');
    let isDeaf = false;
    for (const socket of [client, agent]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        agent.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      isDeaf ||= /^GET \S*[?&]index=/u.test(chunk.toString('latin1'));
      if (!isDeaf) agent.write(chunk);
    });
    agent.on('data', (chunk: Buffer) => {
      if (!isDeaf) client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
