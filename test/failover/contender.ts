import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '../servers/keeper.ts';
import type { Order, Plan, Report, ReportOf } from './protocol.ts';

const WORKSPACE = fileURLToPath(new URL('../..', import.meta.url));
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
/** Far more than anything here takes: it only ends a test that would hang. */
const PATIENCE_MS = 60_000;

interface Waiter {
  readonly offer: (report: Report) => void;
  readonly fail: (error: Error) => void;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker process, seen from the test: what it reported so far, and what it is told. */
export class Contender {
  readonly id: string;
  readonly keys: readonly string[];
  readonly reports: Report[] = [];
  readonly ending: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #waiters = new Set<Waiter>();
  /** Somebody ended it on purpose. */
  #expected = false;

  constructor(plan: Plan, heard: (report: Report) => void = () => {}) {
    this.id = plan.id;
    this.keys = plan.keys;
    this.#child = spawn(process.execPath, ['--import', 'tsx', WORKER, JSON.stringify(plan)], {
      cwd: WORKSPACE,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    guard(this.#child);
    this.#child.on('message', (report: Report) => {
      this.reports.push(report);
      heard(report);
      for (const waiter of this.#waiters) waiter.offer(report);
    });
    this.#child.on('error', () => {}); // seen as an exit, or as silence
    this.ending = once(this.#child, 'close').then(([code, signal]) => {
      const ending = { code, signal } as Ending;
      for (const waiter of this.#waiters) waiter.fail(new Error(`it ended with ${JSON.stringify(ending)}`));
      return ending;
    });
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it reported and must not, among it that it ended by itself. */
  get scandals(): string[] {
    const told = this.reports.filter((report) => report.what === 'scandal');
    const gone = this.running || this.#expected ? [] : ['it ended though nobody had asked it to'];
    return [...told.map(({ message }) => message), ...gone].map((message) => `${this.id}: ${message}`);
  }

  /** The first report of that kind after `after`, past or to come. */
  next<What extends Report['what']>(
    what: What,
    match: (report: ReportOf<What>) => boolean = () => true,
    after = 0n,
  ): Promise<ReportOf<What>> {
    const fits = (report: Report): report is ReportOf<What> =>
      report.what === what && report.at > after && match(report as ReportOf<What>);
    const found = this.reports.find(fits);
    if (found) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        offer: (report) => {
          if (!fits(report)) return;
          done();
          resolve(report);
        },
        fail: (error) => {
          done();
          reject(new Error(`${this.id} did not report "${what}": ${error.message}\n${this.#tail()}`));
        },
      };
      const timer = setTimeout(() => waiter.fail(new Error(`waited ${PATIENCE_MS} ms`)), PATIENCE_MS);
      this.#waiters.add(waiter);
      if (!this.running) waiter.fail(new Error('it has ended'));
    });
  }

  of<What extends Report['what']>(what: What): ReportOf<What>[] {
    return this.reports.filter((report): report is ReportOf<What> => report.what === what);
  }

  tell(order: Order): void {
    if (order.order === 'close') this.#expected = true;
    this.#child.send(order, () => {}); // a failure shows as silence
  }

  /** Start standing for these keys, all unless named. */
  stand(keys: readonly string[] = this.keys): void {
    this.tell({ order: 'start', keys });
  }

  /** Stand, and resolve when it leads all of its keys. */
  async lead(): Promise<void> {
    this.stand();
    await Promise.all(this.keys.map((key) => this.next('acquired', (report) => report.key === key)));
  }

  /** Stand, and resolve when it waits behind somebody else for all of its keys. */
  async follow(): Promise<void> {
    this.stand();
    await Promise.all(
      this.keys.map((key) => this.next('standing', (at) => at.key === key && at.role === 'follower')),
    );
  }

  suspend(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** End it with this signal, and resolve when it has ended. */
  end(signal: NodeJS.Signals): Promise<Ending> {
    this.#expected = true;
    if (this.running) this.#child.kill(signal);
    return this.ending;
  }

  /** Close its tenure; with nothing left to do the process then ends by itself. */
  close(): Promise<Ending> {
    this.tell({ order: 'close' });
    return this.ending;
  }

  #tail(): string {
    const shown = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
    return this.reports
      .slice(-12)
      .map((report) => JSON.stringify(report, shown))
      .join('\n');
  }
}
