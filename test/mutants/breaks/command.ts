import { breaksIn } from '../mutation.ts';
import type { Mutation } from '../mutation.ts';

const one = breaksIn('cli');

/** Of `tenure run`: the command is dead before anybody else can lead. */
export const commandBreaks: readonly Mutation[] = [
  one(
    'command',
    'it is not killed at the deadline',
    'child/ward.ts',
    ['if (isPast(this.#killAt, now)) return this.kill();', ''],
    'one that does not listen is killed before the key is free',
  ),
  one(
    'command',
    'it outlives a tenure that is gone',
    'child/watchdog.ts',
    ['if (ward) ward.stop(graceMs);\n  else process.exit();', 'if (!ward) process.exit();'],
    'has its grace and no more when its tenure is gone',
  ),
  one(
    'command',
    'the grace is not taken off the term',
    'child/grace.ts',
    ['const marginMs = ttlMs / 10 + graceMs;', 'const marginMs = ttlMs / 10;'],
    'ends terms so early that the grace is over before the session',
  ),
  one(
    'command',
    'signals reach the command and not its group',
    'child/group.ts',
    ['process.kill(-leader, signal);', 'process.kill(leader, signal);'],
    'takes along what it leaves behind in its process group',
  ),
  one(
    'command',
    'a renewal prolongs the grace of what was told to end',
    'child/ward.ts',
    ['if (this.#isTermed) return;\n    this.#termAt', 'this.#termAt'],
    'one that does not listen is killed before the key is free',
  ),
  one(
    'command',
    'what was taken by force is given a grace',
    'child/supervision.ts',
    ['TAKEN.has(reason.reason)) guard.kill();', 'TAKEN.has(reason.reason)) guard.stop();'],
    'the command is killed at once when the key was taken by force',
  ),
  one(
    'command',
    'it outlives its watchdog',
    'child/guard.ts',
    ["signalGroup(running.pid, 'SIGKILL');\n", 'signalGroup(running.pid, 0);\n'],
    'is killed when its watchdog is',
  ),
];
