import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { guard } from '../../../test/servers/keeper.ts';
import type { WorkerPlan } from './sqlite-worker.ts';

const WORKER = fileURLToPath(new URL('sqlite-worker.ts', import.meta.url));

/** A worker, seen from the test. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #said: string[] = [];
  readonly #listeners = new Set<() => void>();
  #errors = '';

  constructor(plan: Partial<WorkerPlan> & Pick<WorkerPlan, 'what' | 'file' | 'place'>) {
    const full = { log: '', rounds: 0, ...plan };
    const args = ['--conditions=tenure-source', '--import', 'tsx', WORKER, JSON.stringify(full)];
    this.#child = spawn(process.execPath, args, { stdio: 'pipe' });
    guard(this.#child);
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#said.push(line);
      this.#look();
    });
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#look();
      return code as number | null;
    });
  }

  /** Until it has said that so many times. @throws what it wrote to stderr, when it ends before. */
  async said(line: string, times = 1): Promise<void> {
    while (this.count(line) < times) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the worker ended and had not said "${line}": ${this.#errors}`);
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#listeners.delete(wake);
          resolve();
        };
        this.#listeners.add(wake);
      });
    }
  }

  count(line: string): number {
    return this.#said.filter((each) => each === line).length;
  }

  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  kill(): Promise<number | null> {
    this.#child.kill('SIGKILL');
    return this.#ended;
  }

  /** @throws when it did not end well */
  async end(): Promise<void> {
    const code = await this.#ended;
    if (code !== 0) throw new Error(`the worker ended with ${code}: ${this.#errors}`);
  }

  #look(): void {
    for (const listener of this.#listeners) listener();
  }
}
