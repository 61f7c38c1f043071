import { describeStore } from '@tenure/conformance';
import type { RequestHint } from '@tenure/conformance';
import { afterAll, beforeAll, describe } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import type { EtcdCluster } from '../../../test/servers/etcd.ts';
import { etcd } from '../src/index.ts';
import { deafClient, leaseHexOf, Operator } from './support.ts';

/** The suite on a cluster of its own. */
export async function describeEtcd(members: 1 | 3): Promise<void> {
  const available = await serverOrSkip('etcd');
  describe.skipIf(!available)(`etcd with ${members} member${members === 1 ? '' : 's'}`, () => {
    let cluster: EtcdCluster;
    let operator: Operator;
    const deafs: { close(): void }[] = [];

    beforeAll(async () => {
      cluster = await startEtcd({ members });
      operator = new Operator(cluster.urls);
    });

    afterAll(async () => {
      operator.client.close();
      for (const client of deafs) client.close();
      await cluster.stop();
    });

    describeStore('etcd', {
      open: (via) => etcd({ hosts: via ? `http://${via.host}:${via.port}` : cluster.urls }),
      ttlMs: 2000,
      target: () => ({ host: '127.0.0.1', port: cluster.members.at(0)!.port }),
      pattern,
      deaf: () => {
        const client = deafClient(cluster.urls);
        deafs.push(client);
        return etcd({ client });
      },
      deleteKey: (key) => operator.deleteHolder(key),
      leftovers: async (namespace, requestIds) => {
        const leases = new Set(await operator.leases());
        const live = requestIds.map(leaseHexOf).filter((hex) => leases.has(hex));
        return [...(await operator.keysUnder(`${namespace}/`)), ...live];
      },
    });
  });
}

/** What a request has in it that others have not: the claim's own key, the mark for its holder, or the lease. */
function pattern({ verb, claimId, requestId }: RequestHint): string | Uint8Array | undefined {
  if (verb === 'evict') return '/.asked/';
  if (claimId !== undefined) return claimId;
  if (requestId === undefined) return undefined;
  const bytes: number[] = [];
  let rest = BigInt(`0x${leaseHexOf(requestId)}`);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}
