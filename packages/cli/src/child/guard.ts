import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { later, systemClock } from '@tenure/core/store';
import type { Term } from '@tenure/core';
import { Exit, exitCodes } from '../exit-codes.ts';
import { groupGone, signalGroup } from './group.ts';
import type { Deadline, Order, Report } from './protocol.ts';
import { toMachine } from './shared-clock.ts';

const WATCHDOG = fileURLToPath(new URL('watchdog.js', import.meta.url));

/** How the command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** We made it end. */
  readonly stopped: boolean;
}

interface Running {
  readonly started: (pid: number) => void;
  readonly ended: (ended: Ended) => void;
  readonly failed: (error: Error) => void;
  pid?: number;
}

/** Runs commands, one at a time, under a watchdog that outlives us. */
export class Guard {
  readonly #graceMs: number;
  readonly #watchdog: ChildProcess;
  #running: Running | undefined;
  #isClosed = false;

  /** `graceMs`: between SIGTERM and SIGKILL. Starts the watchdog at once. */
  constructor(graceMs: number) {
    this.#graceMs = graceMs;
    // What is set for the command, an inspector say, is not for its watchdog.
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.#watchdog = spawn(process.execPath, ['--max-old-space-size=32', WATCHDOG, String(graceMs)], {
      // Nobody who signals our process group, as a terminal does, reaches it.
      detached: true,
      env,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    this.#watchdog.on('message', (report: Report) => this.#heard(report));
    this.#watchdog.once('error', (error) => void this.#gone(error));
    this.#watchdog.once('exit', () => void this.#gone(new Error('the watchdog of the command was killed')));
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Run the command as long as the term lasts. Resolves when it and its process group are gone.
   * @throws Exit when it cannot be run, with the code of shells.
   */
  run(
    term: Term,
    command: readonly string[],
    env: Readonly<NodeJS.ProcessEnv>,
    started: (pid: number) => void,
  ): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const done = (): void => (this.#running = undefined);
      this.#running = {
        started,
        ended: (ended) => {
          done();
          resolve(ended);
        },
        failed: (error) => {
          done();
          reject(error);
        },
      };
      if (this.#isClosed) void this.#gone(new Error('the watchdog of the command is gone'));
      else this.#order({ type: 'start', command, env, deadline: this.#deadlineOf(term) });
    });
  }

  /** The session was renewed. */
  extend(term: Term): void {
    if (this.#running && term.isCurrent())
      this.#order({ type: 'deadline', deadline: this.#deadlineOf(term) });
  }

  /** Give the command a signal. False when none runs. */
  readonly take = (signal: NodeJS.Signals): boolean => {
    if (!this.#running) return false;
    this.#order({ type: 'signal', signal });
    return true;
  };

  /** One that means nothing without a command. */
  readonly pass = (signal: NodeJS.Signals): void => void this.take(signal);

  /** It has the grace to end, as long as nobody else may lead. */
  stop(): void {
    if (this.#running) this.#order({ type: 'stop', graceMs: this.#graceMs });
  }

  /** Somebody else may lead already. */
  kill(): void {
    if (this.#running) this.#order({ type: 'kill' });
  }

  close(): void {
    this.#isClosed = true;
    if (this.#watchdog.connected) this.#watchdog.disconnect();
  }

  /**
   * What the core calls the deadline is when we stop; the grace and the margin, which the core takes off too, come
   * after it.
   */
  #deadlineOf(term: Term): Deadline {
    const now = systemClock.now();
    const termAt = later(now, term.remainingMs());
    return { termAt: toMachine(termAt), killAt: toMachine(later(termAt, this.#graceMs)) };
  }

  #order(order: Order): void {
    // One that cannot be told has closed its channel, and ends the command for that.
    if (this.#watchdog.connected) this.#watchdog.send(order, () => {});
  }

  #heard(report: Report): void {
    const running = this.#running;
    if (!running) return;
    if (report.type === 'started') {
      running.pid = report.pid;
      running.started(report.pid);
    } else if (report.type === 'ended') running.ended(report);
    else running.failed(cannotRun(report));
  }

  /** Without a watchdog nobody ends the command in time: so we do, now. */
  async #gone({ message }: Error): Promise<void> {
    this.#isClosed = true;
    const running = this.#running;
    if (!running) return;
    if (running.pid !== undefined) {
      signalGroup(running.pid, 'SIGKILL');
      await groupGone(running.pid, () => false);
    }
    running.failed(new Exit(exitCodes.internal, `${message}; the command was killed`));
  }
}

function cannotRun({ code, message }: Report & { readonly type: 'failed' }): Exit {
  const isMissing = code === 'ENOENT';
  const what = isMissing ? 'the command was not found' : 'the command cannot be run';
  return new Exit(isMissing ? exitCodes.notFound : exitCodes.cannotExecute, `${what}: ${message}`);
}
