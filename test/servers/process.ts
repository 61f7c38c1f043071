import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import type { Account } from './account.ts';
import { descendants, isRunning } from './descendants.ts';
import { guard } from './keeper.ts';
import { until } from './until.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Who runs it; whoever runs this process, unless named. */
  readonly account?: Account | undefined;
}

/**
 * A server that can be started, killed, frozen and started again; always by its own pid, never by a name. What it has
 * started shares its fate: PostgreSQL has a process for each connection, in a group of its own.
 */
export class ServerProcess {
  readonly #command: Command;
  readonly #logFile: string;
  #child: ChildProcess | undefined;
  #suspended = false;

  constructor(command: Command, logFile: string) {
    this.#command = command;
    this.#logFile = logFile;
  }

  get pid(): number | undefined {
    return this.alive ? this.#child?.pid : undefined;
  }

  /** True from the start until the process has ended; a suspended process is alive. */
  get alive(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get suspended(): boolean {
    return this.#suspended;
  }

  /**
   * In a process group of its own, so that Ctrl-C in a terminal reaches only the program that started the server,
   * which then stops it.
   */
  start(): void {
    if (this.alive) throw new Error(`already running with pid ${this.pid}`);
    const { file, args, env, cwd, account } = this.#command;
    const log = openSync(this.#logFile, 'a');
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...cleanEnvironment(), ...env },
      ...(cwd !== undefined && { cwd }),
      ...(account && { uid: account.uid, gid: account.gid }),
    });
    closeSync(log);
    child.on('error', () => {}); // seen as "not alive"
    this.#suspended = false;
    this.#child = child;
    guard(child);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || !this.alive) return;
    const gone = once(child, 'exit');
    const family = this.#signal('SIGSTOP'); // so that it starts nothing more while it is killed
    for (const pid of family) send(pid, 'SIGKILL');
    await gone;
    this.#suspended = false;
    await until('all processes of the server are gone', async () => !family.some(isRunning) || undefined);
  }

  suspend(): void {
    this.#signal('SIGSTOP');
    this.#suspended = true;
  }

  resume(): void {
    this.#signal('SIGCONT');
    this.#suspended = false;
  }

  /** The end of what the server has written: the cause, when it did not start. */
  logTail(lines = 15): string {
    if (!existsSync(this.#logFile)) return '(no log)';
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** To the server first: a stopped one starts nothing more. Gives the pids. */
  #signal(signal: NodeJS.Signals): number[] {
    const { pid } = this;
    if (pid === undefined) throw new Error(`cannot send ${signal}: the server is not running`);
    send(pid, signal);
    const others = descendants(pid);
    for (const other of others) send(other, signal);
    return [pid, ...others];
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ended meanwhile
  }
}

/**
 * Without the variables by which a person's shell sets up servers and their clients: they would change those here. No
 * proxy either: what these talk to is on this machine, also where its address does not look like it.
 */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const theirs = /^(ETCD|ETCDCTL|CONSUL|MYSQL|MARIADB|REDISCLI)_|^PG[A-Z]+$|_proxy$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !theirs.test(name)));
}
