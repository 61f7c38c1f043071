import type { Member, RaftCluster } from '../servers/cluster.ts';
import type { Hosts } from '../servers/hosts.ts';
import { clusterOf } from './fault.ts';
import type { Dice } from './dice.ts';
import type { Fault, Scene } from './fault.ts';

/** Processes reach every member all the while: what each tells them is for the store to get right. */
function amongMembers(name: string, cut: (hosts: Hosts, scene: Scene, dice: Dice) => Promise<void>): Fault {
  return {
    name,
    kinds: ['etcd', 'consul'],
    touches: 'server',
    needs: 'hosts',
    lastsTtl: [0.5, 3],
    strike: async (scene, dice) => {
      const hosts = scene.venue.hosts!;
      await cut(hosts, scene, dice);
      return async () => {
        await hosts.heal();
        // How long servers take to find each other, as TCP tries ever more rarely, is no matter of Tenure's.
        await Promise.all(clusterOf(scene).members.map((member) => member.ready()));
      };
    },
  };
}

const alone = (hosts: Hosts, { host }: Member): Promise<void> => hosts.isolate(hosts.at(host));

/** What befalls the ways between servers. */
export const partitionFaults: readonly Fault[] = [
  amongMembers('the raft leader cut off from the other members', async (hosts, scene) =>
    alone(hosts, await (clusterOf(scene) as RaftCluster).leader()),
  ),
  amongMembers('a member cut off from the other members', (hosts, scene, dice) =>
    alone(hosts, dice.pick(clusterOf(scene).members)),
  ),
  amongMembers('members split in three', (hosts) => hosts.scatter()),
];
