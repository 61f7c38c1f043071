import { createConnection } from 'node:net';
import { later, systemClock } from '@tenure/core/store';
import type { OwnClient } from './driver.ts';

const CANCEL_REQUEST = 80_877_102;
const PATIENCE_MS = 500;

/**
 * Asks the server to end what this connection is doing, over another one, and calls `done` once it has heard it or
 * cannot be reached; nothing is certain then either. Without this, a statement that waits for a row would stay in the
 * server when its connection is long gone, and a process that asks again and again would fill it up.
 *
 * In the clear, also where the connection is not: the key is good for nothing but this connection, which is over.
 */
export function cancel({ processID, secretKey, host, port }: Partial<OwnClient>, done: () => void): void {
  if (typeof processID !== 'number' || typeof secretKey !== 'number' || !host || port === undefined) {
    done();
    return;
  }
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(CANCEL_REQUEST, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const address = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const socket = createConnection(address, () => socket.write(request));
  const giveUp = systemClock.alarm(later(systemClock.now(), PATIENCE_MS), () => socket.destroy());
  socket.resume();
  // A close follows.
  socket.on('error', () => {});
  socket.on('close', () => {
    giveUp();
    done();
  });
}
