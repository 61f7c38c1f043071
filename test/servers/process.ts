import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { guard } from './keeper.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly logFile: string;
}

/** A server that can be started, killed, frozen and started again; always by its own pid, never by a name. */
export class ServerProcess {
  readonly #command: Command;
  #child: ChildProcess | undefined;
  #suspended = false;

  constructor(command: Command) {
    this.#command = command;
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
    const { file, args, logFile } = this.#command;
    const log = openSync(logFile, 'a');
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], env: cleanEnvironment() });
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
    child.kill('SIGKILL');
    await gone;
    this.#suspended = false;
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
    const { logFile } = this.#command;
    if (!existsSync(logFile)) return '(no log)';
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.alive) throw new Error(`cannot send ${signal}: the server is not running`);
    this.#child?.kill(signal);
  }
}

/** Without the variables by which a person's shell sets up etcd and Consul: they would change the servers here. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([name]) => !/^(ETCD|ETCDCTL|CONSUL)_/.test(name)));
}
