import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import { cleanEnvironment } from './process.ts';

/** How a program is run on this machine: it may need a loader before it, and libraries that are not this machine's. */
export interface Program {
  readonly file: string;
  /** Before its own. */
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  /** Where Debian's packages are unpacked, if it is from those. */
  readonly folder?: string;
}

/** Runs it to its end; gives what it has written to its output. */
export async function runProgram(
  { file, args, env }: Program,
  ownArgs: readonly string[],
  { account, cwd = '/', input }: { account?: Account | undefined; cwd?: string; input?: string } = {},
): Promise<string> {
  const running = promisify(execFile)(file, [...args, ...ownArgs], {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    ...(account && { uid: account.uid, gid: account.gid }),
  });
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** Starts a server's client for a person or a test. */
export function startClient(
  name: string,
  client: Program | undefined,
  args: readonly string[],
  environment: Record<string, string>,
  options: SpawnOptions = {},
): ChildProcess {
  if (!client) throw new Error(`there is no ${name} on this machine`);
  return spawn(client.file, [...client.args, ...args], {
    ...options,
    env: { ...cleanEnvironment(), ...client.env, ...environment, ...options.env },
  });
}
