import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { guard } from '../servers/keeper.ts';

const MAIN = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));
/** Far more than anything here takes: it only ends a test that would hang. */
const PATIENCE_MS = 60_000;

/** A line of `tenure --json`. */
export interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built `tenure`, run with `--json`, and what it tells. */
export class Invocation {
  readonly lines: Line[] = [];
  readonly ending: Promise<Ending>;
  /** What it and its command wrote to standard output. */
  output = '';
  readonly #process: ChildProcess;
  readonly #waiters = new Set<() => void>();

  constructor(
    args: readonly string[],
    { env = {}, stdin = '' }: { env?: NodeJS.ProcessEnv; stdin?: string } = {},
  ) {
    this.#process = spawn(process.execPath, [MAIN, '--json', ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    guard(this.#process);
    this.#process.stdin!.end(stdin);
    this.#process.stdout!.on('data', (chunk) => (this.output += String(chunk)));
    createInterface({ input: this.#process.stderr! }).on('line', (line) => {
      this.lines.push(lineOf(line));
      for (const waiter of this.#waiters) waiter();
    });
    // When it has ended, not when what its command left behind has closed the pipes.
    this.ending = once(this.#process, 'exit').then(([code, signal]) => {
      for (const waiter of this.#waiters) waiter();
      return { code, signal };
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The first line of that kind after the first `after` lines, past or to come. */
  next(event: string, after = 0): Promise<Line> {
    return new Promise((resolve, reject) => {
      const told = (): string => this.lines.map((line) => JSON.stringify(line)).join('\n');
      const look = (): void => {
        const found = this.lines.slice(after).find((line) => line.event === event);
        if (!found && this.running) return;
        clearTimeout(timer);
        this.#waiters.delete(look);
        if (found) resolve(found);
        else reject(new Error(`it ended without telling "${event}":\n${told()}`));
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(look);
        reject(new Error(`it has not told "${event}" within ${PATIENCE_MS} ms:\n${told()}`));
      }, PATIENCE_MS);
      this.#waiters.add(look);
      look();
    });
  }

  signal(name: NodeJS.Signals): void {
    if (this.running) this.#process.kill(name);
  }

  async end(name: NodeJS.Signals): Promise<Ending> {
    this.signal(name);
    return this.ending;
  }
}

function lineOf(text: string): Line {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === 'object' && line !== null && 'event' in line) return line as Line;
  } catch {
    // Of the command, or of Node.js.
  }
  return { event: 'text', text };
}
