import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { unreliable } from '@tenure/conformance/network';
import { systemClock } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { onTestFinished } from 'vitest';

/** Messages reach it, and it hears none of them. */
export const deaf = (store: Store): Store => unreliable(store, { clock: systemClock, deaf: () => true });

/** A way to a server on which the connection for news can be made to bring nothing, and stays open. */
export class Line {
  readonly #news = new Set<Socket>();
  readonly #all = new Set<Socket>();
  readonly #listener;

  private constructor(port: number) {
    this.#listener = createServer((client) => {
      const server = connect(port, '127.0.0.1');
      for (const socket of [client, server]) this.#all.add(socket.on('error', () => {}));
      client.on('data', (chunk: Buffer) => {
        if (/subscribe/iu.test(chunk.toString('latin1'))) this.#news.add(server);
        server.write(chunk);
      });
      server.on('data', (chunk) => client.write(chunk));
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
    });
  }

  /** Closed with the test. */
  static async to(port: number): Promise<{ readonly url: string; readonly deafen: () => void }> {
    const line = new Line(port);
    line.#listener.listen(0, '127.0.0.1');
    await once(line.#listener, 'listening');
    onTestFinished(() => {
      line.#listener.close();
      for (const socket of line.#all) socket.destroy();
    });
    const deafen = (): void => {
      for (const server of line.#news) server.pause();
    };
    return { url: `redis://127.0.0.1:${(line.#listener.address() as AddressInfo).port}`, deafen };
  }
}
