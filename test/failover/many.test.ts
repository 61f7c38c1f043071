import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Proxy } from '@tenure/conformance/network';
import { serverOrSkip } from '../servers/availability.ts';
import type { RaftKind } from '../servers/cluster.ts';
import { request } from '../servers/request.ts';
import { Arena } from './arena.ts';
import { Command } from './command.ts';
import type { Contender } from './contender.ts';
import { table } from './table.ts';

const FEW = 100;
const MANY = 1000;
/** The agents of Consul grant a client 200 connections, of which the store uses 32 unless told otherwise. */
const CONNECTIONS: Record<RaftKind, number> = { etcd: 4, consul: 40 };

describe.each(['etcd', 'consul'] as const)('%s', async (kind) => {
  const server = await serverOrSkip(kind, { own: true });

  test.skipIf(!server)(
    'a thousand elections of one process live on one session, and cost at rest what a hundred do',
    { timeout: 180_000 },
    async () => {
      await using arena = await Arena.open(kind, { ttlMs: 4000 });
      const proxy = await arena.proxy();
      const peak = watchConnections(proxy);
      const keys = Array.from({ length: MANY }, (_, index) => `key-${index + 1}`);
      const [leader] = await arena.enter({ id: 'leader', keys, through: [proxy], reads: false });

      await leadAll(leader!, keys.slice(0, FEW));
      const few = await atRest(arena, leader!, proxy);
      await leadAll(leader!, keys.slice(FEW));
      const many = await atRest(arena, leader!, proxy);
      const measured = [
        { store: kind, elections: FEW, ...few },
        { store: kind, elections: MANY, ...many },
      ];
      process.stdout.write(`in 3 TTLs at rest:\n${table(measured)}\nconnections at most: ${peak.stop()}\n`);

      for (const { sessions, renewals, lost } of measured) {
        expect(sessions).toBe(1);
        expect(lost).toBe(0);
        expect(renewals).toBeGreaterThanOrEqual(7);
        expect(renewals).toBeLessThanOrEqual(12);
      }
      expect(many.requests).toBeLessThan(2 * few.requests);
      expect(peak.stop()).toBeLessThanOrEqual(CONNECTIONS[kind]);
      expect(await arena.verdict()).toEqual([]);
    },
  );
});

/** All at once. */
async function leadAll(leader: Contender, keys: readonly string[]): Promise<void> {
  leader.stand(keys);
  await Promise.all(keys.map((key) => leader.next('acquired', (report) => report.key === key)));
}

/** What three TTLs cost in which nothing happens. */
async function atRest(
  arena: Arena,
  leader: Contender,
  proxy: Proxy,
): Promise<Record<'sessions' | 'renewals' | 'lost' | 'requests' | 'received', number>> {
  const isRenewal = ({ event }: { event: string }): boolean => event === 'renewed';
  // What follows the last grant is over when the session has been renewed once more.
  await leader.next('session', isRenewal, process.hrtime.bigint());
  const sessions = await countSessions(arena);
  const since = process.hrtime.bigint();
  const before = { requests: await countRequests(arena, proxy), received: proxy.bytes.down };
  await pause(3 * arena.ttlMs); // the period that is measured
  const requests = (await countRequests(arena, proxy)) - before.requests;
  const within = ({ at }: { at: bigint }): boolean => at > since;
  return {
    sessions,
    renewals: leader.of('session').filter((report) => isRenewal(report) && within(report)).length,
    lost: leader.of('ended').filter(within).length,
    requests,
    received: proxy.bytes.down - before.received,
  };
}

/** Leases of etcd, sessions of Consul. */
async function countSessions({ cluster }: Arena): Promise<number> {
  if (cluster.kind === 'consul')
    return (JSON.parse(await request(`${cluster.urls[0]!}/v1/session/list`)) as []).length;
  const listed = await Command.output(cluster, 'lease', 'list', '--write-out=json');
  return ((JSON.parse(listed) as { leases?: unknown[] }).leases ?? []).length;
}

/** Messages that etcd received. Consul counts nothing as sharply: there it is the bytes it was sent, all of them headers. */
async function countRequests({ cluster }: Arena, proxy: Proxy): Promise<number> {
  if (cluster.kind === 'consul') return proxy.bytes.up;
  const metrics = await request(`${cluster.urls[0]!}/metrics`);
  return [...metrics.matchAll(/^grpc_server_msg_received_total\{.*\} (\S+)$/gmu)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

function watchConnections(proxy: Proxy): { stop(): number } {
  let most = 0;
  const look = (): void => {
    most = Math.max(most, proxy.open);
  };
  const timer = setInterval(look, 10);
  return {
    stop: () => {
      clearInterval(timer);
      return most;
    },
  };
}
