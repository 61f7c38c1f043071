import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isRunning } from './descendants.ts';
import { serversFolder } from './keeper.ts';
import type { Command } from './process.ts';
import { freeSubnet } from './subnet.ts';

/** What looks like a machine of its own to those it talks to: a network namespace with one address. */
export interface Host {
  readonly namespace: string;
  readonly address: string;
}

/** Nobody's: what is sent there arrives at a port of the switch, and nobody takes it. */
const NOWHERE = '02:00:00:00:00:01';

/**
 * Hosts that reach each other, and are reached from this machine, but from nowhere else: they know no way out of their
 * subnet. All hang on a switch, which is a namespace, too, so that no firewall of this machine looks at what they say to
 * each other. Everything goes with the namespaces; these bear the pid of who made them.
 */
export class Hosts {
  readonly all: readonly Host[];
  readonly #switch: string;
  readonly #link: string;
  readonly #record: string;
  readonly #cuts = new Set<string>();

  private constructor(count: number, addresses: readonly string[]) {
    const id = randomBytes(3).toString('hex');
    const name = (part: string): string => `tenure-${process.pid}-${id}-${part}`;
    this.#switch = name('switch');
    this.#link = `tenure-${id}`; // names of interfaces have at most 15 characters
    this.#record = join(serversFolder(), `hosts-${id}`);
    this.all = addresses
      .slice(0, count)
      .map((address, index) => ({ namespace: name(String(index + 1)), address }));
  }

  static async open(count: number): Promise<Hosts> {
    await sweep();
    const { prefix, addresses } = await freeSubnet();
    const [own, ...others] = addresses;
    if (count > others.length) throw new Error(`there are at most ${others.length} hosts, not ${count}`);
    const hosts = new Hosts(count, others);
    try {
      await hosts.#make(own!, prefix);
      await Promise.all(hosts.all.map(({ address }) => reached(address)));
      return hosts;
    } catch (error) {
      await hosts.close();
      throw error;
    }
  }

  /** The host that has this address. */
  at(address: string): Host {
    const host = this.all.find((each) => each.address === address);
    if (!host) throw new Error(`none of the hosts has the address ${address}`);
    return host;
  }

  /**
   * From now on nothing passes between them, and neither is told: as if a wire were cut, and unlike a route that is
   * taken away, at which a connection would fail at once.
   */
  async cut(one: Host, other: Host): Promise<void> {
    await Promise.all([this.#mislead(one, other), this.#mislead(other, one)]);
  }

  /** Cuts it off from all other hosts; this machine still reaches it. */
  async isolate(host: Host): Promise<void> {
    await Promise.all(this.all.filter((other) => other !== host).map((other) => this.cut(host, other)));
  }

  /** Cuts everybody off from everybody else. */
  async scatter(): Promise<void> {
    for (const host of this.all) await this.isolate(host);
  }

  async heal(): Promise<void> {
    const cuts = [...this.#cuts];
    this.#cuts.clear();
    await Promise.all(cuts.map((cut) => ip(...cut.split(' '), 'dev', 'eth0')));
  }

  /** What runs there ends first, by whoever started it. */
  async close(): Promise<void> {
    const gone = (...args: string[]): Promise<void> => ip(...args).catch(() => {}); // or it never was
    await gone('link', 'del', this.#link); // at once; with its namespace it would go a little later
    await Promise.all(this.#namespaces().map((name) => gone('netns', 'del', name)));
    await rm(this.#record, { recursive: true, force: true });
  }

  async #make(own: string, prefix: number): Promise<void> {
    // For the keeper, before there is anything to remove.
    mkdirSync(this.#record, { recursive: true });
    writeFileSync(
      join(this.#record, 'namespaces'),
      this.#namespaces()
        .map((name) => `${name}\n`)
        .join(''),
    );
    const hub = ['-n', this.#switch];
    await ip('netns', 'add', this.#switch);
    await ip(...hub, 'link', 'add', 'switch', 'type', 'bridge');
    await ip(...hub, 'link', 'set', 'switch', 'up');
    await ip('link', 'add', this.#link, 'type', 'veth', 'peer', 'name', 'port0', 'netns', this.#switch);
    await ip(...hub, 'link', 'set', 'port0', 'master', 'switch', 'up');
    await ip('addr', 'add', `${own}/${prefix}`, 'dev', this.#link);
    await ip('link', 'set', this.#link, 'up');
    for (const [index, { namespace, address }] of this.all.entries()) {
      const port = `port${index + 1}`;
      await ip('netns', 'add', namespace);
      await ip(...hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      await ip(...hub, 'link', 'set', port, 'master', 'switch', 'up');
      await ip('-n', namespace, 'addr', 'add', `${address}/${prefix}`, 'dev', 'eth0');
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
      // In the way in which servers are run there: not everybody who may make a namespace may enter it.
      await ip('netns', 'exec', namespace, 'ip', 'link', 'set', 'lo', 'up');
    }
  }

  #namespaces(): string[] {
    return [this.#switch, ...this.all.map(({ namespace }) => namespace)];
  }

  async #mislead({ namespace }: Host, { address }: Host): Promise<void> {
    const removal = `-n ${namespace} neigh del ${address}`;
    if (this.#cuts.has(removal)) return;
    this.#cuts.add(removal);
    const wrong = ['lladdr', NOWHERE, 'nud', 'permanent'];
    await ip('-n', namespace, 'neigh', 'replace', address, ...wrong, 'dev', 'eth0');
  }
}

/** The command, made to run on that host, or here where there is none. It keeps its pid: nothing stands before it. */
export function onHost(
  host: Host | undefined,
  file: string,
  args: readonly string[],
): Pick<Command, 'file' | 'args'> {
  return host ? { file: 'ip', args: ['netns', 'exec', host.namespace, file, ...args] } : { file, args };
}

let answer: Promise<string | undefined> | undefined;

/** Why there can be no hosts on this machine; undefined if there can. Tried once, by making one. */
export function whyNoHosts(): Promise<string | undefined> {
  answer ??= tried();
  return answer;
}

async function tried(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `network namespaces are Linux's, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'only root may make network namespaces';
  try {
    const hosts = await Hosts.open(1);
    await hosts.close();
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'there is no ip command on this machine (iproute2)';
    return `network namespaces cannot be had: ${message.trim().replaceAll('\n', ' ')}`;
  }
}

async function ip(...args: string[]): Promise<void> {
  await promisify(execFile)('ip', args);
}

/** Removes what processes have left of which not even the keeper has outlived them. */
async function sweep(): Promise<void> {
  const { stdout } = await promisify(execFile)('ip', ['netns', 'list']);
  for (const [name, pid] of stdout.matchAll(/^tenure-(\d+)-[0-9a-f]+-\w+/gm))
    if (!isRunning(Number(pid))) await ip('netns', 'del', name).catch(() => {}); // somebody else was quicker
}

/** Refused is reached: nobody listens there, and the host has said so. */
async function reached(address: string): Promise<void> {
  const socket = connect({ host: address, port: 9, timeout: 2000 });
  socket.once('timeout', () => socket.destroy(new Error(`${address} is not reached from this machine`)));
  try {
    await once(socket, 'connect');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
  } finally {
    socket.destroy();
  }
}
