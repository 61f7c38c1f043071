import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '../servers/keeper.ts';
import type { Order, Plan, Report, Sample } from './protocol.ts';

const WORKSPACE = fileURLToPath(new URL('../..', import.meta.url));
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
/** Far more than anything here takes: it only ends a soak that would hang. */
const PATIENCE_MS = 120_000;

/** A process that stands for every key, seen from outside. */
export class Candidate {
  readonly id: string;
  /** What it reported and must not. */
  readonly scandals: string[] = [];
  /** Resolves to its exit code, or to the signal that ended it. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;
  #sampled: (sample: Sample) => void = () => {};

  constructor(plan: Plan) {
    this.id = plan.id;
    this.#child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', WORKER, JSON.stringify(plan)], {
      cwd: WORKSPACE,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    guard(this.#child);
    this.#ready = once(this.#child, 'message');
    this.#child.on('message', (report: Report) => {
      if (report.what === 'sample') this.#sampled(report);
      if (report.what === 'scandal') this.scandals.push(`${this.id}: ${report.message}`);
    });
    this.ended = once(this.#child, 'close').then(([code, signal]) => (signal ?? code) as number | string);
  }

  /** Begin to stand for every key, as soon as it can. */
  async stand(): Promise<void> {
    await this.#inTime('was not ready', this.#ready);
    this.tell({ order: 'stand' });
  }

  tell(order: Order): void {
    this.#child.send(order, () => {}); // a failure shows as silence
  }

  /** @throws when it does not answer */
  async sample(): Promise<Sample> {
    const sample = new Promise<Sample>((resolve) => (this.#sampled = resolve));
    this.tell({ order: 'sample' });
    return this.#inTime('showed nothing', sample);
  }

  kill(): Promise<unknown> {
    this.#child.kill('SIGKILL');
    return this.ended;
  }

  /** Close its tenure; with nothing left to do the process then ends by itself. @throws when it does not */
  async close(): Promise<number | string> {
    this.tell({ order: 'close' });
    return this.#inTime('did not end after close()', this.ended);
  }

  async #inTime<T>(complaint: string, promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.id} ${complaint} in ${PATIENCE_MS} ms`)),
        PATIENCE_MS,
      );
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
