import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Order, Part, Report } from './report.ts';

const PROGRAM = fileURLToPath(new URL('worker.ts', import.meta.url));
const PATIENCE_MS = 3000;

/** Someone who stands for election on this stage: a process of its own, always addressed by its process id. */
export class Contender {
  readonly name: string;
  readonly #child: ChildProcess;
  #isHeard = false;

  constructor(part: Part, storeUrl: string, tell: (report: Report) => void, died: (how: string) => void) {
    this.name = part.name;
    // In a process group of its own: Ctrl-C reaches the demo only, which then stops its workers.
    this.#child = fork(PROGRAM, [JSON.stringify({ part, storeUrl })], {
      serialization: 'advanced',
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (report: Report) => {
      this.#isHeard = true;
      tell(report);
    });
    this.#child.on('error', (error) => died(error.message));
    this.#child.once('exit', (code, signal) => died(signal ?? `exit ${code}`));
  }

  /** Where it runs, in words. */
  get home(): string {
    return `process ${this.#child.pid}`;
  }

  /** SIGKILL: it cannot tell anybody. Resolves when it is gone. */
  async crash(): Promise<void> {
    if (!this.#alive) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  resign(): void {
    this.#order('resign');
  }

  /** Gives up what it holds and is gone. */
  async leave(): Promise<void> {
    // One that has not stood yet has nothing to give up.
    if (!this.#alive || !this.#isHeard) return this.crash();
    const gone = once(this.#child, 'exit');
    const enough = new AbortController();
    this.#order('leave');
    await Promise.race([gone, sleep(PATIENCE_MS, undefined, { signal: enough.signal }).catch(() => {})]);
    enough.abort();
    await this.crash();
  }

  get #alive(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  #order(order: Order): void {
    // Whether it arrives is seen by what happens next.
    if (this.#child.connected) this.#child.send(order, () => {});
  }
}
