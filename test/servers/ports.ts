import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Ports are drawn below the range from which the kernel takes the ports of outgoing connections (32768 and up on
 * Linux, 49152 and up on macOS), so not by listening on port 0. Tests kill a member and start it again on the same
 * port, while clients try to reach it all the time: were that port in the kernel's range, a client's own
 * connection could be given it, and the member could not come back, or the client would be connected to itself.
 */
const FIRST = 15_000;
const END = 32_000;

/** Ports nobody listens on right now. Another process may still be quicker: starters try again with other ports. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let draw = 0; ports.size < count; draw++) {
    if (draw > 1000) throw new Error('no free ports on 127.0.0.1');
    const port = randomInt(FIRST, END);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
