import { setTimeout as pause } from 'node:timers/promises';
import { venueKinds } from '../servers/venue.ts';
import { nothingToHeal, someBerths, someLeader } from './fault.ts';
import type { Fault } from './fault.ts';

const everywhere = { kinds: venueKinds, touches: 'process' } as const;

const ROUND_MS = 150;

/** What befalls candidates, or what they and operators do. */
export const processFaults: readonly Fault[] = [
  {
    ...everywhere,
    name: 'SIGKILL of a leader',
    lastsTtl: [0, 1.5],
    strike: async (scene, dice) => {
      const berth = someLeader(scene, dice);
      await scene.crew.end(berth, 'SIGKILL');
      return () => scene.crew.replace(berth);
    },
  },
  {
    ...everywhere,
    name: 'SIGTERM of a leader',
    lastsTtl: [0, 1],
    strike: async (scene, dice) => {
      const berth = someLeader(scene, dice);
      const ended = scene.crew.end(berth, 'SIGTERM');
      return async () => {
        await ended;
        await scene.crew.replace(berth);
      };
    },
  },
  {
    ...everywhere,
    name: 'SIGSTOP',
    lastsTtl: [0.5, 3],
    strike: async (scene, dice) => {
      const stopped = someBerths(scene, dice).map(({ contender }) => contender);
      for (const contender of stopped) contender.suspend();
      return async () => {
        for (const contender of stopped) contender.resume();
      };
    },
  },
  {
    ...everywhere,
    name: 'leader stopped, its writes on their way',
    lastsTtl: [1, 2.5],
    strike: async (scene, dice) => {
      const { contender, network } = someLeader(scene, dice);
      network.resources.blackHole('up');
      // As long as one round of its work: something is on its way then.
      await pause(ROUND_MS);
      contender.suspend();
      return async () => {
        contender.resume();
        await network.pass();
      };
    },
  },
  {
    ...everywhere,
    name: 'blocked event loop',
    lastsTtl: [0.5, 3],
    strike: async (scene, dice, ms) => {
      // Any file that is there: the time alone ends it.
      const untilFile = process.execPath;
      for (const { contender } of someBerths(scene, dice)) contender.tell({ order: 'block', ms, untilFile });
      return nothingToHeal;
    },
  },
  {
    ...everywhere,
    name: 'wall clock stepped',
    lastsTtl: [0, 1],
    strike: async (scene, dice) => {
      const ms = Math.round(dice.between(-3, 3) * scene.ttlMs);
      const stepped = someBerths(scene, dice).map(({ contender }) => contender);
      const step = (by: number) => async (): Promise<void> => {
        for (const contender of stepped) contender.tell({ order: 'step', ms: by });
      };
      await step(ms)();
      return dice.chance(0.5) ? step(-ms) : nothingToHeal;
    },
  },
  {
    ...everywhere,
    name: 'resigned',
    lastsTtl: [0, 0],
    strike: async (scene, dice) => {
      const { contender } = someLeader(scene, dice);
      contender.tell({ order: 'resign', keys: dice.some(scene.crew.keys, dice.whole(1, 3)) });
      return nothingToHeal;
    },
  },
  {
    ...everywhere,
    name: 'asked to let go',
    lastsTtl: [0, 0],
    strike: async (scene, dice) => {
      const { contender } = dice.pick(scene.crew.candidates);
      contender.tell({ order: 'evict', keys: scene.crew.keys });
      return nothingToHeal;
    },
  },
];
