import type { Proxy } from '@tenure/conformance/network';
import type { VenueKind } from '../servers/venue.ts';
import type { Berth } from './crew.ts';
import { someBerths, someLeader } from './fault.ts';
import type { Fault, Heal } from './fault.ts';

const served: readonly VenueKind[] = ['etcd', 'consul', 'redis', 'postgres', 'mariadb'];
const onWires = { kinds: served, touches: 'network' } as const;

const healed =
  (berths: readonly Berth[]): Heal =>
  async () => {
    await Promise.all(berths.map(({ network }) => network.pass()));
  };

/** The same on every way to the store of some processes. */
function onSome(name: string, lastsTtl: Fault['lastsTtl'], spoil: (proxy: Proxy) => void): Fault {
  return {
    ...onWires,
    name,
    lastsTtl,
    strike: async (scene, dice) => {
      const berths = someBerths(scene, dice);
      for (const { network } of berths) for (const proxy of network.store) spoil(proxy);
      return healed(berths);
    },
  };
}

/** What befalls the ways between processes and servers. */
export const networkFaults: readonly Fault[] = [
  onSome('black hole', [0.3, 3], (proxy) => proxy.blackHole()),
  onSome('half-open, requests lost', [0.3, 3], (proxy) => proxy.blackHole('up')),
  onSome('half-open, answers lost', [0.3, 3], (proxy) => proxy.blackHole('down')),
  onSome('connections refused', [0.3, 2], (proxy) => void proxy.refuse()),
  onSome('connections reset', [0, 0.2], (proxy) => proxy.reset()),
  onSome('slow drip', [0.5, 2], (proxy) => proxy.drip(7, 5)),
  onSome('answer cut after it was applied', [0.2, 1], (proxy) => void proxy.cutAnswer()),
  onSome('answer hangs after it was applied', [0.2, 1], (proxy) => void proxy.cutAnswer({ hang: true })),
  {
    ...onWires,
    name: 'delay',
    lastsTtl: [0.5, 3],
    strike: async (scene, dice) => {
      const berths = someBerths(scene, dice);
      const ms = dice.between(0.01, 0.4) * scene.ttlMs;
      for (const { network } of berths) for (const proxy of network.store) proxy.delay(ms);
      return healed(berths);
    },
  },
  {
    ...onWires,
    name: 'cut off from one member',
    kinds: ['etcd', 'consul'],
    lastsTtl: [0.5, 3],
    strike: async (scene, dice) => {
      const berths = someBerths(scene, dice);
      const member = dice.whole(0, 2);
      for (const { network } of berths) network.store[member]?.blackHole();
      return healed(berths);
    },
  },
  {
    ...onWires,
    name: 'leader cut off, its writes on their way',
    lastsTtl: [1, 2.5],
    strike: async (scene, dice) => {
      const berth = someLeader(scene, dice);
      for (const proxy of berth.network.store) proxy.blackHole();
      berth.network.resources.blackHole();
      return healed([berth]);
    },
  },
];
