import { firstBytes } from './first-bytes.ts';

/**
 * What pg_isready does: says hello, and sees whether it is asked who it is. While it starts, recovers or shuts down,
 * the server answers with an error instead.
 */
export async function acceptsPostgres(port: number): Promise<boolean> {
  const hello = Buffer.from('user\0postgres\0database\0postgres\0\0');
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + hello.length, 0);
  head.writeInt32BE(3 << 16, 4); // version 3.0
  const [kind] = await firstBytes(port, 1, Buffer.concat([head, hello]));
  return kind === 'R'.charCodeAt(0);
}
