import { connect } from 'node:net';

export interface RedisAddress {
  readonly port: number;
  readonly password?: string | undefined;
}

/**
 * One command to a Redis server on a connection of its own, for what launchers have to ask and tell; the answer must
 * not be a list. Rejects with what the server says.
 */
export function redisCommand({ port, password }: RedisAddress, ...command: string[]): Promise<string> {
  const commands = [...(password === undefined ? [] : [['AUTH', password]]), command];
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    socket.setTimeout(2000, () => socket.destroy(new Error(`no answer to ${command.join(' ')}`)));
    socket.once('error', reject);
    socket.once('close', () => {
      reject(new Error(`the connection ended before an answer to ${command.join(' ')}`));
    });
    socket.on('data', (chunk) => {
      received += chunk.toString();
      const replies = parseReplies(received);
      const failure = replies.find(({ error }) => error);
      if (failure) reject(new Error(failure.text));
      else if (replies.length === commands.length) resolve(replies.at(-1)!.text);
      else return;
      socket.destroy();
    });
    socket.write(commands.map(encode).join(''));
  });
}

const encode = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

interface Reply {
  readonly text: string;
  readonly error: boolean;
}

/** The replies that are complete. */
function parseReplies(received: string): Reply[] {
  const replies: Reply[] = [];
  for (let rest = received; ;) {
    const end = rest.indexOf('\r\n');
    if (end < 0) return replies;
    const [kind, line] = [rest[0], rest.slice(1, end)];
    rest = rest.slice(end + 2);
    if (kind === '$' && line !== '-1') {
      const length = Number(line); // of ASCII
      if (rest.length < length + 2) return replies;
      replies.push({ text: rest.slice(0, length), error: false });
      rest = rest.slice(length + 2);
    } else {
      replies.push({ text: line, error: kind === '-' });
    }
  }
}
