import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** What ships: `tsc -b packages` has made it. */
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string>>;

/** A `tenure` that runs. Ended at the end of the test, if it has not by then. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  readonly #listeners = new Set<() => void>();
  #isOver = false;

  constructor(args: readonly string[], env: Environment = {}) {
    const {
      TENURE_STORE: _,
      TENURE_NAMESPACE: __,
      FORCE_COLOR: ___,
      NODE_OPTIONS: ____,
      ...rest
    } = process.env;
    this.child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...rest, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child
      .stdout!.setEncoding('utf8')
      .on('data', (chunk: string) => this.#heard(() => (this.stdout += chunk)));
    this.child
      .stderr!.setEncoding('utf8')
      .on('data', (chunk: string) => this.#heard(() => (this.stderr += chunk)));
    this.ended = once(this.child, 'close').then(([code]: (number | null)[]) => {
      this.#heard(() => (this.#isOver = true));
      return { code: code ?? null, stdout: this.stdout, stderr: this.stderr };
    });
    onTestFinished(async () => {
      // As a service manager would: what it holds and runs ends with it.
      this.child.kill('SIGTERM');
      await this.ended;
    });
  }

  /** Resolves when its standard output, or error, has such a text. */
  async says(text: RegExp, from: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    while (!text.test(this[from])) {
      if (this.#isOver) throw new Error(`ended without saying ${text}: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }

  signal(name: NodeJS.Signals): Promise<Ended> {
    this.child.kill(name);
    return this.ended;
  }

  #heard(note: () => void): void {
    note();
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}

export const tenure = (args: readonly string[], env: Environment = {}): Promise<Ended> =>
  new Running(args, env).ended;

/** One object a line. */
export const rowsOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
