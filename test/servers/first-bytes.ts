import { connect } from 'node:net';

/** What a server says first on a new connection, after the hello if there is one: so many bytes of it. */
export function firstBytes(port: number, count: number, hello?: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = Buffer.alloc(0);
    socket.setTimeout(2000, () => socket.destroy(new Error(`port ${port} says nothing`)));
    socket.once('error', reject);
    socket.once('close', () => {
      reject(new Error(`port ${port} closed the connection`));
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < count) return;
      resolve(received);
      socket.destroy();
    });
    if (hello) socket.write(hello);
  });
}
