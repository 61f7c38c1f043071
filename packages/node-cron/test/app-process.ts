import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { guard } from '../../../test/servers/keeper.ts';

const PROGRAMS = {
  app: fileURLToPath(new URL('app.ts', import.meta.url)),
  sample: fileURLToPath(new URL('sample.ts', import.meta.url)),
} as const;

/** A replica of the app, seen from the test. */
export class App {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | NodeJS.Signals>;
  readonly #said: string[] = [];
  readonly #listeners = new Set<() => void>();
  #errors = '';

  /** In that folder, with that database. */
  constructor(program: keyof typeof PROGRAMS, cwd: string, skewMs = 0) {
    const tsx = import.meta.resolve('tsx');
    const args = ['--conditions=tenure-source', '--import', tsx, PROGRAMS[program], String(skewMs)];
    this.#child = spawn(process.execPath, args, { cwd, stdio: 'pipe' });
    guard(this.#child);
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#said.push(line);
      for (const listener of this.#listeners) listener();
    });
    this.#ended = once(this.#child, 'close').then(([code, signal]) => {
      for (const listener of this.#listeners) listener();
      return (code ?? signal) as number | NodeJS.Signals;
    });
  }

  /** What it has said about something, without that word. */
  all(word: string): readonly string[] {
    return this.#said
      .filter((line) => line.split(' ')[0] === word)
      .map((line) => line.slice(word.length + 1));
  }

  /** Until it has said that so many times. @throws what it wrote to stderr, when it ends before. */
  async said(word: string, times = 1): Promise<void> {
    while (this.all(word).length < times) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the app ended and had not said "${word}": ${this.#errors}`);
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

  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** By that signal, or by being told. @throws when it did not end well, or complained */
  async end(signal?: NodeJS.Signals): Promise<void> {
    if (signal) this.#child.kill(signal);
    else this.tell('end');
    const how = await this.#ended;
    if (how !== (signal ?? 0) || this.#errors !== '')
      throw new Error(`the app ended with ${how}: ${this.#errors}`);
  }
}
