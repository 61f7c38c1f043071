import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { promisify } from 'node:util';

export interface Subnet {
  readonly prefix: number;
  /** Of hosts. */
  readonly addresses: readonly string[];
}

/** First address and last, as numbers. */
type Range = readonly [first: number, last: number];

/** Nobody on the internet has these; the last are set aside for trying out networks. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15'];
const PREFIX = 28;
const SIZE = 2 ** (32 - PREFIX);

/** Of addresses that this machine neither has nor knows a way to, other than its way to everywhere. */
export async function freeSubnet(): Promise<Subnet> {
  const taken = await known();
  for (let draw = 0; draw < 1000; draw += 1) {
    const [first, last] = rangeOf(PRIVATE[randomInt(PRIVATE.length)]!);
    const base = first + SIZE * randomInt((last - first + 1) / SIZE);
    if (taken.some(([from, to]) => from < base + SIZE && to >= base)) continue;
    // Neither the first, which is the subnet's name, nor the last, which is everybody's.
    return { prefix: PREFIX, addresses: Array.from({ length: SIZE - 2 }, (_, n) => written(base + 1 + n)) };
  }
  throw new Error(`this machine knows a way to each of ${PRIVATE.join(', ')}: no subnet is free`);
}

async function known(): Promise<Range[]> {
  const run = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('ip', ['-4', '-o', ...args])).stdout;
  const addresses = await run('addr', 'show');
  const routes = await run('route', 'show', 'table', 'all');
  return [...`${addresses}\n${routes}`.matchAll(/\b\d+\.\d+\.\d+\.\d+(?:\/\d+)?/g)]
    .map(([range]) => rangeOf(range))
    .filter(([first, last]) => last - first < 2 ** 30); // two halves are everywhere, too, as VPNs write it
}

function rangeOf(text: string): Range {
  const [address = '', prefix = '32'] = text.split('/');
  const size = 2 ** (32 - Number(prefix));
  const number = address.split('.').reduce((sum, byte) => 256 * sum + Number(byte), 0);
  const first = number - (number % size);
  return [first, first + size - 1];
}

const written = (number: number): string =>
  [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
