import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import { counters } from './cost.ts';
import { table } from './table.ts';
import { venueKinds, venueOrSkip } from '../servers/venue.ts';
import type { Cut, VenueKind } from '../servers/venue.ts';

const FEW = 100;
const MANY = 1000;
/** The agents of Consul grant a client 200 connections, of which the store uses 32 unless told otherwise. */
const CONNECTIONS: Record<VenueKind, number> = {
  etcd: 4,
  consul: 40,
  redis: 2,
  // Four, and one that listens.
  postgres: 5,
  mariadb: 4,
  sqlite: 0,
};

describe.each(venueKinds)('%s', async (kind) => {
  const available = await venueOrSkip(kind);

  test.skipIf(!available)(
    'a thousand elections of one process live on one session, and cost at rest what a hundred do',
    { timeout: 180_000 },
    async () => {
      await using arena = await Arena.open(kind, { ttlMs: 4000 });
      const cut = await arena.cut();
      const keys = Array.from({ length: MANY }, (_, index) => `key-${index + 1}`);
      const [leader] = await arena.enter({ id: 'leader', keys, through: cut, reads: false });

      await leadAll(leader!, keys.slice(0, FEW));
      const few = await atRest(arena, leader!, cut);
      await leadAll(leader!, keys.slice(FEW));
      const many = await atRest(arena, leader!, cut);
      const measured = [
        { store: kind, elections: FEW, ...few },
        { store: kind, elections: MANY, ...many },
      ];
      process.stdout.write(`in 3 TTLs at rest:\n${table(measured)}\n`);

      for (const { sessions, renewals, lost, connections } of measured) {
        expect(sessions).toBe(1);
        expect(connections).toBeLessThanOrEqual(CONNECTIONS[kind]);
        expect(lost).toBe(0);
        expect(renewals).toBeGreaterThanOrEqual(7);
        expect(renewals).toBeLessThanOrEqual(12);
      }
      expect(many.requests).toBeLessThan(2 * few.requests);
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
  cut: Cut,
): Promise<Record<'sessions' | 'renewals' | 'lost' | 'requests' | 'received' | 'connections', number>> {
  const isRenewal = ({ event }: { event: string }): boolean => event === 'renewed';
  const { sessions, requests } = counters[arena.venue.kind];
  // What follows the last grant is over when the session has been renewed once more.
  await leader.next('session', isRenewal, process.hrtime.bigint());
  const live = await sessions(arena);
  const since = process.hrtime.bigint();
  const before = { requests: await requests(arena, cut), received: cut.bytes?.down ?? 0 };
  await pause(3 * arena.ttlMs); // the period that is measured
  const asked = (await requests(arena, cut)) - before.requests;
  const within = ({ at }: { at: bigint }): boolean => at > since;
  return {
    sessions: live,
    renewals: leader.of('session').filter((report) => isRenewal(report) && within(report)).length,
    lost: leader.of('ended').filter(within).length,
    requests: asked,
    received: (cut.bytes?.down ?? 0) - before.received,
    connections: cut.open ?? 0,
  };
}
