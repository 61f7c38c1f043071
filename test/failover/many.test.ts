import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { serverOrSkip } from '../servers/availability.ts';
import type { Kind } from '../servers/cluster.ts';
import { request } from '../servers/request.ts';
import { Arena } from './arena.ts';
import { Command } from './command.ts';
import type { Contender } from './contender.ts';
import { table } from './table.ts';

const FEW = 100;
const MANY = 1000;
/** Consul's agents grant a client 200 connections. The bound here is the store's own default and a little more. */
const CONNECTIONS: Record<Kind, number> = { etcd: 4, consul: 40 };

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);

describe.each(['etcd', 'consul'] as const)('%s', async (kind) => {
  const server = await serverOrSkip(kind, { own: true });

  /** Leases of etcd, sessions of Consul. */
  async function sessions({ cluster }: Arena): Promise<number> {
    if (kind === 'consul') return (JSON.parse(await request(`${cluster.urls[0]!}/v1/session/list`)) as []).length;
    const listed = await Command.output(cluster, 'lease', 'list', '--write-out=json');
    return ((JSON.parse(listed) as { leases?: unknown[] }).leases ?? []).length;
  }

  test.skipIf(!server)(
    'a thousand elections of one process live on one session, and cost at rest what a hundred do',
    { timeout: 120_000 },
    async () => {
      await using arena = await Arena.open(kind, { ttlMs: 5000 });
      const sides = await Promise.all(
        [FEW, MANY].map(async (count) => {
          const proxy = await arena.proxy();
          const keys = names(`of-${count}`, count);
          return { count, proxy, entry: { id: `leader of ${count}`, keys, through: [proxy], reads: false } };
        }),
      );
      const [few, many] = (await arena.enter(...sides.map(({ entry }) => entry))) as [Contender, Contender];
      await many.lead();
      expect(await sessions(arena)).toBe(1);
      await few.lead();
      expect(await sessions(arena)).toBe(2);
      // Whatever followed the last grant has settled when the session has been renewed after it.
      for (const leader of [few, many]) await leader.next('session', isRenewal, process.hrtime.bigint());

      const since = process.hrtime.bigint();
      const before = sides.map(({ proxy }) => ({ ...proxy.bytes }));
      await pause(3 * arena.ttlMs); // the period that is measured
      const until = process.hrtime.bigint();
      const measured = sides.map(({ count, proxy }, index) => {
        const leader = [few, many][index]!;
        const within = ({ at }: { at: bigint }): boolean => since < at && at < until;
        return {
          store: kind,
          elections: count,
          renewals: leader.of('session').filter((report) => isRenewal(report) && within(report)).length,
          lost: leader.of('ended').length,
          'bytes sent': proxy.bytes.up - before[index]!.up,
          received: proxy.bytes.down - before[index]!.down,
          connections: proxy.connections,
        };
      });
      process.stdout.write(`in 3 TTLs at rest:\n${table(measured)}\n`);
      const [ofFew, ofMany] = measured;
      for (const { renewals, lost, connections } of measured) {
        expect(lost).toBe(0);
        expect(renewals).toBeGreaterThanOrEqual(7);
        expect(renewals).toBeLessThanOrEqual(12);
        expect(connections).toBeLessThanOrEqual(CONNECTIONS[kind]);
      }
      expect(ofMany!['bytes sent']).toBeLessThan(2 * ofFew!['bytes sent']);
      expect(await arena.verdict()).toEqual([]);
    },
  );
});

const isRenewal = ({ event }: { event: string }): boolean => event === 'renewed';
