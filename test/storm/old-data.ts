import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from '../failover/command.ts';
import type { Member } from '../servers/cluster.ts';
import { clusterOf, nothingToHeal } from './fault.ts';
import type { Fault, Scene } from './fault.ts';

/** A server needs so long to start and to be seen. */
const START_MS = 500;

const server = (scene: Scene): Member => clusterOf(scene).members[0]!;

/** Where Redis writes what a restart is to find. */
async function dataOf(scene: Scene): Promise<string> {
  const [, folder] = (await Command.output(clusterOf(scene), 'config', 'get', 'dir')).split('\n');
  return join(folder!.trim(), 'appendonlydir');
}

/** A server that comes back with less than it had acknowledged. `noticedMs`: by then a holder must have heard of it. */
export function oldData(noticedMs: (ttlMs: number) => number): Fault[] {
  const comesBack = {
    touches: 'server',
    kinds: ['redis'],
    lastsTtl: [0, 0],
    excusesMs: (ttlMs) => START_MS + noticedMs(ttlMs),
    strike: async (scene) => {
      await server(scene).restart();
      return nothingToHeal;
    },
  } as const satisfies Partial<Fault>;
  return [
    {
      ...comesBack,
      name: 'the server restarted without its data',
      prepare: async (scene) => {
        const data = await dataOf(scene);
        await server(scene).kill();
        await rm(data, { recursive: true });
      },
    },
    {
      // What a failover to a replica comes to that was behind.
      ...comesBack,
      name: 'the server restarted with old data',
      prepare: async (scene, dice) => {
        const data = await dataOf(scene);
        const copy = `${data}.old`;
        await cp(data, copy, { recursive: true });
        await pause(dice.between(0.05, 0.7) * scene.ttlMs); // by so much it is behind
        await server(scene).kill();
        await rm(data, { recursive: true });
        await cp(copy, data, { recursive: true });
        await rm(copy, { recursive: true });
      },
    },
  ];
}
