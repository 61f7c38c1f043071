import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect } from 'vitest';
import type { Cluster, Member } from './cluster.ts';
import { descendants, isRunning } from './descendants.ts';
import { serversFolder } from './keeper.ts';

export interface Trial {
  /** Stopped after the test, if the test has not. */
  readonly started: <C extends Cluster>(starting: Promise<C>) => Promise<C>;
  readonly after: (work: () => Promise<void>) => void;
}

/** For a test file: what its tests have started is gone when they are over. */
export function trial(): Trial {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });
  return {
    async started(starting) {
      const cluster = await starting;
      stops.push(() => cluster.stop());
      return cluster;
    },
    after: (work) => void stops.push(work),
  };
}

/** What the servers' client prints. */
export async function output(cluster: Pick<Cluster, 'cli'>, ...args: string[]): Promise<string> {
  const child = cluster.cli(args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return (await text(child.stdout!)).trim();
}

/** Stops the only servers there are, and expects that no process, no port and no file of theirs is left. */
export async function leavesNothing(cluster: Cluster): Promise<void> {
  const pids = cluster.members.flatMap(({ pid }) => [pid!, ...descendants(pid!)]);
  expect(pids.some(isRunning)).toBe(true);
  await cluster.stop();
  expect(pids.map(isRunning)).not.toContain(true);
  await Promise.all(
    cluster.members.map((member) => expect(connected(member)).rejects.toThrow('ECONNREFUSED')),
  );
  expect(readdirSync(serversFolder()).filter((name) => name !== 'programs')).toEqual([]);
}

function connected({ host, port }: Member): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host }, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
