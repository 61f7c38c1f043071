import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guard } from '../servers/keeper.ts';
import { GivenUp, until } from '../servers/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = import.meta.resolve('tsx');

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** An example that runs. */
export interface Actor {
  readonly pid: number;
  readonly ending: Promise<Ending>;
  end(signal: NodeJS.Signals): Promise<Ending>;
}

/**
 * Examples that run at once on one SQLite file. All write to the end of the same file, so that what they say stands there
 * in the order in which they said it.
 */
export class Stage {
  readonly folder: string;
  readonly #running = new Set<ChildProcess>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Stage> {
    return new Stage(await mkdtemp(join(tmpdir(), 'tenure-stage-')));
  }

  get url(): string {
    return `sqlite:${join(this.folder, 'tenure.db')}`;
  }

  /** What was said so far. */
  get said(): string {
    return this.#read('said');
  }

  /** What was said on standard error. */
  get complaints(): string {
    return this.#read('complaints');
  }

  /** As the README says, on the store of this stage. */
  start(example: string, ...options: string[]): Actor {
    const program = ['--conditions=tenure-source', '--import', tsx, join(root, 'examples', example)];
    const outputs = ['said', 'complaints'].map((name) => openSync(join(this.folder, name), 'a'));
    const child = spawn(process.execPath, [...program, '--store', this.url, ...options], {
      cwd: this.folder,
      stdio: ['ignore', ...outputs],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    guard(child);
    for (const output of outputs) closeSync(output);
    this.#running.add(child);
    const ending = new Promise<Ending>((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running.delete(child);
        resolve({ code, signal });
      });
    });
    const end = (signal: NodeJS.Signals): Promise<Ending> => {
      child.kill(signal);
      return ending;
    };
    return { pid: child.pid!, ending, end };
  }

  /** The first match in what was said, or will be. */
  async hear(pattern: RegExp): Promise<RegExpExecArray> {
    return this.see(`somebody says ${pattern}`, (said) => pattern.exec(said) ?? undefined);
  }

  /** The first answer about what was said. */
  async see<T>(what: string, look: (said: string) => T | undefined): Promise<T> {
    return until(what, async () => {
      const isOver = this.#running.size === 0;
      const seen = look(this.said);
      if (seen === undefined && isOver)
        throw new GivenUp(`all ended before ${what}:\n${this.said}\n${this.complaints}`);
      return seen;
    });
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }),
    );
    await rm(this.folder, { recursive: true, force: true });
  }

  #read(name: string): string {
    return readFileSync(join(this.folder, name), { encoding: 'utf8', flag: 'a+' });
  }
}
