import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '../servers/keeper.ts';
import type { Order, Plan, Report, What } from './protocol.ts';

const WORKSPACE = fileURLToPath(new URL('../..', import.meta.url));
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
const CLOSED_WITHIN_MS = 5000;

/** A library's process, seen from outside. It may end whenever it likes: that is one of the things looked for. */
export class Rival {
  readonly reports: Report[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #isExpected = false;
  #more = (): void => {};

  constructor(plan: Plan) {
    this.#child = spawn(process.execPath, ['--import', 'tsx', WORKER, JSON.stringify(plan)], {
      cwd: WORKSPACE,
      // What a crashing library prints comes as a report, too.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    guard(this.#child);
    this.#child.on('message', (report: Report) => {
      this.reports.push(report);
      this.#more();
    });
    this.#child.on('error', () => {}); // seen as an exit, or as silence
    this.#ended = once(this.#child, 'close').finally(() => this.#more());
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Why it ended though nobody had asked it to, or badly though somebody had. */
  get crash(): string | undefined {
    const said = this.first('crash')?.detail;
    if (said !== undefined) return said;
    if (this.isRunning || this.#isExpected) return undefined;
    return `it ended with ${this.#child.signalCode ?? this.#child.exitCode}`;
  }

  /** The clock just before the last read that is known to have found the lock ours. */
  get lastOursAt(): bigint {
    return this.reports.at(-1)?.lastOursAt ?? 0n;
  }

  first(what: What): Report | undefined {
    return this.reports.find((report) => report.what === what);
  }

  tell(order: Order): void {
    if (this.isRunning) this.#child.send(order, () => {}); // a failure shows as silence
  }

  /** The first report of that kind, past or to come; undefined when it has ended without, or took longer. */
  async next(what: What, withinMs: number): Promise<Report | undefined> {
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort();
      this.#more();
    }, withinMs);
    try {
      for (;;) {
        const found = this.first(what);
        if (found || late.signal.aborted || !this.isRunning) return found;
        await new Promise<void>((resolve) => {
          this.#more = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  suspend(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    // Of a crash before that we have heard, or the process is gone already.
    if (this.isRunning) this.#isExpected = true;
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Releases what it holds and closes; killed if that takes too long. */
  async close(): Promise<void> {
    this.tell({ order: 'close' });
    const timer = setTimeout(() => void this.kill(), CLOSED_WITHIN_MS);
    await this.#ended;
    clearTimeout(timer);
    this.#isExpected ||= this.#child.exitCode === 0;
  }
}
