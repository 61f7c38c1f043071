import { Client } from 'pg';
import { request } from '../servers/request.ts';
import { redisCommand } from '../servers/resp.ts';
import type { Venue } from '../servers/venue.ts';

/** Somebody with the store's own tools, who knows nothing of any library but where its keys contain the lock's name. */
export interface Operator {
  /** Deletes what makes the holder of the lock its holder. */
  deleteKey(name: string): Promise<void>;
  /** Ends the session or lease that holds the lock. */
  revoke(name: string): Promise<void>;
  /** What contains the name and is held, or would stay for ever. */
  leftovers(name: string): Promise<string[]>;
}

/** What a store keeps for so long keeps it as a record, not as a lock. */
const RECORD_MS = 600_000;

export function operatorAt(venue: Venue): Operator {
  const member = venue.cluster?.members[0];
  if (!member) throw new Error(`${venue.kind} has no server to operate`);
  switch (venue.kind) {
    case 'redis':
      return ofRedis(member.port);
    case 'etcd':
      return ofEtcd(member.url);
    case 'consul':
      return ofConsul(member.url);
    case 'postgres':
      return ofPostgres(venue.url());
    case 'mariadb':
    case 'sqlite':
      throw new Error(`nobody here operates ${venue.kind}`);
  }
}

function ofRedis(port: number): Operator {
  const script = (text: string, name: string): Promise<string> =>
    redisCommand({ port }, 'EVAL', text, '0', `*${name}*`, String(RECORD_MS));
  const each = (what: string): string =>
    `local found = {} for _, key in ipairs(redis.call('KEYS', ARGV[1])) do ${what} end return table.concat(found, ' ')`;
  return {
    deleteKey: async (name) => void (await script(each(`redis.call('DEL', key)`), name)),
    revoke: async (name) =>
      void (await script(
        each(
          `local session = redis.call('HGET', key, 'session') if session then redis.call('DEL', session) end`,
        ),
        name,
      )),
    leftovers: async (name) => {
      const found = await script(
        each(`if redis.call('PTTL', key) < tonumber(ARGV[2]) then found[#found + 1] = key end`),
        name,
      );
      return found === '' ? [] : found.split(' ');
    },
  };
}

interface EtcdKey {
  readonly key: string;
  readonly create_revision: string;
  readonly lease?: string;
}

function ofEtcd(url: string): Operator {
  const post = async (path: string, body: object): Promise<unknown> =>
    JSON.parse(await request(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) }));
  const keys = async (name: string): Promise<EtcdKey[]> => {
    const all = Buffer.from([0]).toString('base64');
    const { kvs = [] } = (await post('kv/range', { key: all, range_end: all })) as { kvs?: EtcdKey[] };
    return kvs
      .filter(({ key }) => Buffer.from(key, 'base64').toString().includes(name))
      .toSorted((a, b) => Number(a.create_revision) - Number(b.create_revision));
  };
  /** Who waits has a key, too; the oldest leads. */
  const holder = async (name: string): Promise<EtcdKey> => {
    const [oldest] = await keys(name);
    if (!oldest) throw new Error(`nobody holds ${name}`);
    return oldest;
  };
  return {
    deleteKey: async (name) => void (await post('kv/deleterange', { key: (await holder(name)).key })),
    revoke: async (name) => void (await post('lease/revoke', { ID: (await holder(name)).lease })),
    leftovers: async (name) => (await keys(name)).map(({ key }) => Buffer.from(key, 'base64').toString()),
  };
}

interface ConsulKey {
  readonly Key: string;
  readonly Session?: string;
}

function ofConsul(url: string): Operator {
  const keys = async (name: string): Promise<ConsulKey[]> => {
    // Where there is no key at all, it answers 404.
    const all = await request(`${url}/v1/kv/?recurse`).catch((error: unknown) => {
      if (String(error).includes(': 404')) return '[]';
      throw error;
    });
    return (JSON.parse(all) as ConsulKey[]).filter(({ Key }) => Key.includes(name));
  };
  const held = async (name: string): Promise<ConsulKey> => {
    const found = (await keys(name)).find(({ Session }) => Session);
    if (!found) throw new Error(`nobody holds ${name}`);
    return found;
  };
  const put = (method: string, path: string): Promise<string> => request(`${url}/v1/${path}`, { method });
  return {
    deleteKey: async (name) => void (await put('DELETE', `kv/${encodeURI((await held(name)).Key)}`)),
    revoke: async (name) => void (await put('PUT', `session/destroy/${(await held(name)).Session}`)),
    leftovers: async (name) => (await keys(name)).map(({ Key }) => Key),
  };
}

function ofPostgres(url: string): Operator {
  const query = async (text: string, name: string): Promise<readonly { readonly name: string }[]> => {
    const client = new Client(url);
    await client.connect();
    try {
      return (await client.query<{ name: string }>(text, [name])).rows;
    } finally {
      await client.end();
    }
  };
  return {
    deleteKey: async (name) => void (await query('DELETE FROM tenure_locks WHERE name = $1', name)),
    revoke: async (name) =>
      void (await query(
        'DELETE FROM tenure_sessions WHERE id = (SELECT session_id FROM tenure_locks WHERE name = $1)',
        name,
      )),
    leftovers: async (name) => {
      const rows = await query(
        `SELECT name FROM tenure_locks WHERE name LIKE '%' || $1 || '%' AND session_id IS NOT NULL`,
        name,
      );
      return rows.map((row) => row.name);
    },
  };
}
