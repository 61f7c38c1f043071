import { Command } from '../failover/command.ts';
import type { Cluster, Member, RaftCluster } from '../servers/cluster.ts';
import { FileLock } from '../servers/file-lock.ts';
import type { VenueKind } from '../servers/venue.ts';
import { clusterOf, nothingToHeal } from './fault.ts';
import type { Dice } from './dice.ts';
import type { Fault, Heal, Scene } from './fault.ts';
import { partitionFaults } from './partition-faults.ts';

const raft: readonly VenueKind[] = ['etcd', 'consul'];
const single: readonly VenueKind[] = ['redis', 'postgres', 'mariadb'];
const onServers = { touches: 'server' } as const;

/** The one that leads the others, or any. */
async function someMember(scene: Scene, dice: Dice): Promise<Member> {
  const cluster = clusterOf(scene);
  const any = dice.pick(cluster.members);
  return dice.chance(0.6) && 'leader' in cluster ? (cluster as RaftCluster).leader() : any;
}

async function killed(members: readonly Member[]): Promise<Heal> {
  await Promise.all(members.map((member) => member.kill()));
  return async () => {
    await Promise.all(members.map((member) => member.restart()));
  };
}

function suspended(member: Member): Heal {
  member.suspend();
  return async () => {
    if (member.alive) member.resume();
  };
}

/** How each server is made to hang up on everybody. */
const hangUps: Partial<Record<VenueKind, (cluster: Cluster) => Promise<string>>> = {
  redis: (cluster) => Command.output(cluster, 'client', 'kill', 'type', 'normal'),
  postgres: (cluster) =>
    Command.output(
      cluster,
      '-Atc',
      'select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null',
    ),
  mariadb: async (cluster) => {
    const ids = await Command.output(
      cluster,
      '-Ne',
      'select id from information_schema.processlist where id <> connection_id() and user = "root"',
    );
    const kills = ids
      .trim()
      .split(/\s+/u)
      .map((id) => `kill ${Number(id)};`);
    return Command.output(cluster, '-f', '-e', kills.join(' '));
  },
};

/** What befalls the servers, which keep their word all the same. */
export const serverFaults: readonly Fault[] = [
  ...partitionFaults,
  {
    ...onServers,
    name: 'a member killed and restarted',
    kinds: raft,
    lastsTtl: [0.5, 3],
    strike: async (scene, dice) => killed([await someMember(scene, dice)]),
  },
  {
    ...onServers,
    name: 'two members killed and restarted',
    kinds: raft,
    lastsTtl: [0.2, 2],
    strike: async (scene, dice) => killed(dice.some(clusterOf(scene).members, 2)),
  },
  {
    ...onServers,
    name: 'a member suspended',
    kinds: raft,
    lastsTtl: [0.5, 3],
    strike: async (scene, dice) => suspended(await someMember(scene, dice)),
  },
  {
    ...onServers,
    name: 'the server killed and restarted',
    kinds: single,
    lastsTtl: [0, 2],
    strike: async (scene) => killed(clusterOf(scene).members),
  },
  {
    ...onServers,
    name: 'the server suspended',
    kinds: single,
    lastsTtl: [0.3, 2],
    strike: async (scene) => suspended(clusterOf(scene).members[0]!),
  },
  {
    ...onServers,
    name: 'the server hangs up on everybody',
    kinds: single,
    lastsTtl: [0, 0.1],
    strike: async (scene) => {
      await hangUps[scene.venue.kind]?.(clusterOf(scene));
      return nothingToHeal;
    },
  },
  {
    ...onServers,
    name: 'the disk is full',
    kinds: ['redis', 'sqlite'],
    needs: 'disk',
    lastsTtl: [0.5, 3],
    strike: async ({ venue }) => {
      await venue.disk!.fill();
      return () => venue.disk!.free();
    },
  },
  {
    ...onServers,
    name: 'the file locked by another process',
    kinds: ['sqlite'],
    lastsTtl: [0.2, 2],
    strike: async ({ venue }) => {
      const lock = new FileLock(venue.file!);
      lock.blackHole();
      return () => lock.close();
    },
  },
];
