import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { redisSemaphore } from '../../side-by-side/libraries/redis-semaphore.ts';
import { redlock } from '../../side-by-side/libraries/redlock.ts';
import { verrou } from '../../side-by-side/libraries/verrou.ts';
import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Client, Contestant, Field, Spot } from '../contestant.ts';
import { peer } from './peer.ts';

const FREE = "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end redis.call('del', KEYS[1])";
const RELEASE = `${FREE} return 1`;
const RELEASE_AND_TELL = `${FREE} redis.call('publish', ARGV[2], '') return 1`;
const TAKE =
  "if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end redis.call('rpush', KEYS[2], ARGV[1]) return 0";
const GIVE =
  "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end local next = redis.call('lpop', KEYS[2]) if next then " +
  "redis.call('set', KEYS[1], next, 'PX', ARGV[2]) redis.call('publish', ARGV[3] .. next, '') else redis.call('del', KEYS[1]) end return 1";

const KEEP =
  "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end local next = redis.call('lpop', KEYS[2]) if next then " +
  "redis.call('set', KEYS[1], 'for ' .. next, 'PX', 250) redis.call('publish', ARGV[2] .. next, '') else redis.call('del', KEYS[1]) end return 1";
const COME =
  "local holder = redis.call('get', KEYS[1]) if holder and holder ~= 'for ' .. ARGV[1] then redis.call('rpush', KEYS[2], ARGV[1]) return 0 end " +
  "redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1";

type Command = (...args: (string | number)[]) => Promise<unknown>;

/** Without what only Tenure understands of the URL. */
const clientOf = ({ url }: Spot): Redis => new Redis(url.replace(/\?.*$/u, ''));

/** A script that is sent by its digest once the server knows it. */
function scripted(client: Redis, name: string, lua: string, numberOfKeys: number): Command {
  client.defineCommand(name, { lua, numberOfKeys });
  return (client as unknown as Record<string, Command>)[name]!.bind(client);
}

const nonce = (): string => randomBytes(8).toString('hex');

/** Tells one waiter at a time, by its channel's name. */
class Ear {
  readonly #client: Redis;
  readonly #waiters = new Map<string, () => void>();

  constructor(spot: Spot) {
    this.#client = clientOf(spot);
    this.#client.on('message', (channel: string) => this.#waiters.get(channel)?.());
  }

  /** Before anything is asked, so that no message falls between the answer and the wait. */
  async listen(channel: string): Promise<void> {
    await this.#client.subscribe(channel);
  }

  heard(channel: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.set(channel, resolve);
    });
  }

  close(): void {
    this.#client.disconnect();
  }
}

/** `SET NX PX`, and a script that deletes the key of whoever set it. */
const floor: Contestant = {
  name: 'floor: SET NX, compare and DEL',
  role: 'floor',
  async open(spot): Promise<Client> {
    const client = clientOf(spot);
    const release = scripted(client, 'benchRelease', RELEASE, 1);
    return {
      acquire: async (name) => {
        const [key, id] = [`${spot.namespace}.floor.${name}`, nonce()];
        const answer = await client.set(key, id, 'PX', PATIENT_TTL_MS, 'NX');
        if (answer !== 'OK') throw new Error(`"${name}" should have been free`);
        return { release: () => release(key, id) };
      },
      close: async () => client.disconnect(),
    };
  },
};

/** The same, and the release is told; who hears it sets the key. */
const told: Contestant = {
  name: 'floor: release, PUBLISH, SET NX',
  role: 'floor',
  async open(spot): Promise<Client> {
    const client = clientOf(spot);
    const release = scripted(client, 'benchTell', RELEASE_AND_TELL, 1);
    const ear = new Ear(spot);
    const listening = new Map<string, Promise<void>>();
    return {
      acquire: async (name) => {
        const [key, id] = [`${spot.namespace}.told.${name}`, nonce()];
        const channel = `${key}.free`;
        if (!listening.has(channel)) listening.set(channel, ear.listen(channel));
        await listening.get(channel);
        for (;;) {
          const heard = ear.heard(channel);
          if ((await client.set(key, id, 'PX', PATIENT_TTL_MS, 'NX')) === 'OK') break;
          await heard;
        }
        return { release: () => release(key, id, channel) };
      },
      close: async () => {
        client.disconnect();
        ear.close();
      },
    };
  },
};

/** The release sets the key for the next one and wakes it: who crashes while it waits would be given the lock, too. */
const queue = (name: string, role: 'floor' | 'less'): Contestant => ({
  name,
  role,
  async open(spot): Promise<Client> {
    const client = clientOf(spot);
    const take = scripted(client, 'benchTake', TAKE, 2);
    const give = scripted(client, 'benchGive', GIVE, 2);
    const ear = new Ear(spot);
    const channels = `${spot.namespace}.queue.`;
    // A client waits for one turn at a time, so it needs no more names than one.
    const me = nonce();
    await ear.listen(channels + me);
    return {
      acquire: async (key) => {
        const lock = `${spot.namespace}.queue.${key}`;
        const heard = ear.heard(channels + me);
        if ((await take(lock, `${lock}.line`, me, PATIENT_TTL_MS)) === 0) await heard;
        return { release: () => give(lock, `${lock}.line`, me, PATIENT_TTL_MS, channels) };
      },
      close: async () => {
        client.disconnect();
        ear.close();
      },
    };
  },
});

/** The release keeps the key for the next one for a moment and wakes it; who hears it claims. So nobody is given it who has crashed. */
const keeping: Contestant = {
  name: 'floor: queue in a script, who is woken claims',
  role: 'floor',
  async open(spot): Promise<Client> {
    const client = clientOf(spot);
    const come = scripted(client, 'benchCome', COME, 2);
    const keep = scripted(client, 'benchKeep', KEEP, 2);
    const ear = new Ear(spot);
    const channels = `${spot.namespace}.keeping.`;
    const me = nonce();
    await ear.listen(channels + me);
    return {
      acquire: async (key) => {
        const lock = `${spot.namespace}.keeping.${key}`;
        for (;;) {
          const heard = ear.heard(channels + me);
          if ((await come(lock, `${lock}.line`, me, PATIENT_TTL_MS)) === 1) break;
          await heard;
        }
        return { release: () => keep(lock, `${lock}.line`, me, channels) };
      },
      close: async () => {
        client.disconnect();
        ear.close();
      },
    };
  },
};

const peers = [
  peer('redlock', redlock),
  peer('redis-semaphore', redisSemaphore),
  peer('verrou', verrou),
] as const;

export const redisField: Field = {
  uncontended: [floor, ...peers],
  contended: [keeping, queue('queue in a script (does less)', 'less'), told, ...peers],
  handover: [told, queue('queue in a script (does less)', 'less'), ...peers],
};
