import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { guard } from '../servers/keeper.ts';
import type { Cluster } from '../servers/cluster.ts';

/** The servers' own client, and everything it has printed so far. */
export class Command implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #args: readonly string[];
  readonly #ended: Promise<unknown>;
  #printed = '';
  #more = (): void => {};

  constructor(cluster: Cluster, ...args: string[]) {
    this.#args = args;
    this.#child = cluster.cli(args, { stdio: ['pipe', 'pipe', 'pipe'] });
    guard(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#printed += chunk.toString();
        this.#more();
      });
    }
    this.#ended = once(this.#child, 'close').finally(() => this.#more());
  }

  get printed(): string {
    return this.#printed;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when it has printed this. */
  async prints(text: string): Promise<void> {
    while (!this.#printed.includes(text)) {
      if (!this.running) throw new Error(`${this.#args.join(' ')} ended without "${text}": ${this.#printed}`);
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
  }

  /** Ask it to end; resolves when it has. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    if (this.running) this.#child.kill(signal);
    await this.#ended;
  }

  /** Runs it to its end. */
  static async output(cluster: Cluster, ...args: string[]): Promise<string> {
    const command = new Command(cluster, ...args);
    await command.#ended;
    return command.printed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}
