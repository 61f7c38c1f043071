import { randomBytes } from 'node:crypto';
import { Etcd3 } from 'etcd3';
import type { IRangeRequest, Watcher } from 'etcd3';
import { etcd3Election, etcd3Lock } from '../../side-by-side/libraries/etcd3.ts';
import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Contestant, Field, Spot } from '../contestant.ts';
import { peer } from './peer.ts';

/** @throws where the URL asks for TLS, which the floors here do not speak */
function clientOf({ url }: Spot): Etcd3 {
  const { host, username, password, search } = new URL(url.replace(/^etcd:/u, 'http:'));
  if (/tls|ca=/u.test(search)) throw new Error('the floor of etcd speaks no TLS: name a server without');
  const auth = username === '' ? {} : { auth: { username, password } };
  return new Etcd3({ hosts: `http://${host}`, ...auth });
}

/** A client, and one lease for the process. */
async function leased(spot: Spot): Promise<{
  readonly client: Etcd3;
  readonly lease: string;
  readonly close: () => Promise<void>;
}> {
  const client = clientOf(spot);
  const lease = client.lease(PATIENT_TTL_MS / 1000);
  const close = async (): Promise<void> => {
    await lease.revoke();
    client.close();
  };
  return { client, lease: await lease.grant(), close };
}

/** One lease for the process; a transaction that puts the key unless it is there, and its deletion. */
const floor: Contestant = {
  name: 'floor: txn, delete on one lease',
  role: 'floor',
  async open(spot) {
    const { client, lease, close } = await leased(spot);
    return {
      acquire: async (name) => {
        const key = Buffer.from(`${spot.namespace}.floor/${name}`);
        const { succeeded } = await client.kv.txn({
          compare: [{ key, target: 'Create', result: 'Equal', create_revision: '0' }],
          success: [{ request_put: { key, value: key, lease } }],
        });
        if (!succeeded) throw new Error(`"${name}" should have been free`);
        return { release: () => client.kv.deleteRange({ key }) };
      },
      close,
    };
  },
};

/** A fair queue: put a key and look who stands before it; wait for that one's deletion, and look again. */
const queue: Contestant = {
  name: 'floor: queue of keys on one lease',
  role: 'floor',
  async open(spot) {
    const { client, lease, close } = await leased(spot);
    // The client ends its stream with its last watch, and would make a new one each time.
    const keepsStream = await client.watch().key(`${spot.namespace}.nothing`).create();
    return {
      acquire: async (name) => {
        const prefix = `${spot.namespace}.queue/${name}/`;
        const key = Buffer.from(prefix + randomBytes(6).toString('hex'));
        const newest: IRangeRequest = {
          key: Buffer.from(prefix),
          range_end: Buffer.from(`${prefix.slice(0, -1)}0`),
          sort_order: 'Descend',
          sort_target: 'Create',
          keys_only: true,
        };
        const { header, responses } = await client.kv.txn({
          success: [{ request_put: { key, value: key, lease } }, { request_range: { ...newest, limit: 2 } }],
        });
        const before = String(BigInt(header.revision) - 1n);
        let answer = { header, kvs: responses[1]!.response_range.kvs.slice(1) };
        while (answer.kvs[0]) {
          await deletionOf(client, answer.kvs[0].key, String(BigInt(answer.header.revision) + 1n));
          answer = await client.kv.range({ ...newest, limit: 1, max_create_revision: before });
        }
        return { release: () => client.kv.deleteRange({ key }) };
      },
      close: async () => {
        await keepsStream.cancel();
        await close();
      },
    };
  },
};

async function deletionOf(client: Etcd3, key: Buffer, from: string): Promise<void> {
  const watcher = await new Promise<Watcher>((resolve, reject) => {
    const made = client.watch().key(key).startRevision(from).watcher();
    made.on('delete', () => resolve(made));
    made.on('error', reject);
  });
  // Nobody has to wait for that.
  watcher.cancel().catch(() => {});
}

const lock = peer('etcd3 Lock', etcd3Lock);
const election = peer('etcd3 Election', etcd3Election);

export const etcdField: Field = {
  uncontended: [floor, lock, election],
  contended: [queue, lock, election],
  handover: [queue, lock, election],
};
