import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Recorder {
  readonly address: string;
  /** Method and path, in their order; `refused` after those that were. */
  readonly requests: string[];
  readonly connections: number;
  close(): Promise<void>;
}

/** A way to an agent that writes down what goes through it. */
export async function startRecorder(target: { readonly port: number }): Promise<Recorder> {
  const requests: string[] = [];
  let connections = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const position = requests.push(`${method} ${path}`) - 1;
    const { port } = target;
    const onward = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
      if (answer.statusCode === 409) requests[position] += ' refused';
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get connections() {
      return connections;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
