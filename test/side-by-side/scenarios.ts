import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Contender } from './contenders.ts';
import type { Round } from './round.ts';

export interface Scenario {
  readonly name: string;
  /** An operator takes the lock away behind the library's back: the store does not keep its word. */
  readonly isTampered: boolean;
  readonly suits: (contender: Contender) => boolean;
  /** Its rounds come one after the other, because each does something to the server that they share. */
  readonly isAlone?: boolean;
  readonly play: (round: Round) => Promise<void>;
}

const everybody = (): boolean => true;

export const scenarios: readonly Scenario[] = [
  {
    name: 'black hole',
    isTampered: false,
    suits: everybody,
    play: async (round) => {
      round.cut.blackHole();
      await round.succession(round.expiryMs);
      await pause(round.ttlMs);
      // What was held comes late, renewals too.
      await round.cut.pass();
      await pause(round.ttlMs / 3);
    },
  },
  {
    name: 'blocked loop',
    isTampered: false,
    suits: everybody,
    play: async (round) => {
      const folder = await mkdtemp(join(tmpdir(), 'tenure-blocked-'));
      const untilFile = join(folder, 'thaw');
      round.holder.tell({ order: 'block', ms: 2 * round.ttlMs, untilFile });
      await round.succession(round.expiryMs);
      round.awake();
      await writeFile(untilFile, '');
      await round.holder.next('awake', 3 * round.ttlMs);
      round.awake();
      await pause(round.ttlMs / 3);
      await rm(folder, { recursive: true, force: true });
    },
  },
  {
    name: 'SIGSTOP',
    isTampered: false,
    suits: everybody,
    play: async (round) => {
      round.holder.suspend();
      await round.succession(round.expiryMs);
      round.awake();
      round.holder.resume();
      await pause(round.ttlMs / 3);
    },
  },
  {
    name: 'server restart',
    isTampered: false,
    suits: ({ kind }) => kind === 'redis' || kind === 'etcd',
    isAlone: true,
    play: async (round) => {
      await round.server.kill();
      await pause(round.ttlMs);
      await round.server.restart();
      // Who still holds it may keep it.
      await pause(2 * round.ttlMs);
      round.release();
      await round.succession(0);
    },
  },
  {
    name: 'holder killed',
    isTampered: false,
    suits: everybody,
    play: async (round) => {
      await round.kill();
      await round.succession(round.expiryMs);
    },
  },
  {
    name: 'unreachable at release',
    isTampered: false,
    suits: everybody,
    play: async (round) => {
      await round.cut.refuse();
      round.release();
      await round.succession(round.expiryMs);
      await round.cut.pass();
      await pause(round.ttlMs / 3);
    },
  },
  {
    name: 'key deleted',
    isTampered: true,
    suits: everybody,
    play: async (round) => {
      await round.operator.deleteKey(round.key);
      await round.succession(0);
      await pause(1.5 * round.ttlMs);
    },
  },
  {
    name: 'session ended',
    isTampered: true,
    suits: ({ hasSessions }) => hasSessions,
    play: async (round) => {
      await round.operator.revoke(round.key);
      await round.succession(round.delayMs);
      await pause(1.5 * round.ttlMs);
    },
  },
];
