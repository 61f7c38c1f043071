import { spawn } from 'node:child_process';
import { isPast, later, systemClock } from '@tenure/core/store';
import type { Instant } from '@tenure/core/store';
import { groupGone, signalGroup } from './group.ts';
import type { Deadline, Report } from './protocol.ts';
import { fromMachine } from './shared-clock.ts';

/** How often both clocks are looked at: a machine that was suspended wakes up with its monotonic clock where it stood. */
const NAP_MS = 100;
/** How long the kernel may take to be done with what was killed. */
const REAP_MS = 2000;

/** A child in a process group of its own, and the time it has. */
export class Ward {
  readonly #report: (report: Report) => void;
  readonly #graceMs: number;
  readonly #pid: number | undefined;
  #termAt: Instant;
  #killAt: Instant;
  #isTermed = false;
  #isKilled = false;
  #calm: () => void = () => {};

  constructor(
    [file = '', ...args]: readonly string[],
    env: Readonly<NodeJS.ProcessEnv>,
    { deadline, graceMs }: { readonly deadline: Deadline; readonly graceMs: number },
    report: (report: Report) => void,
  ) {
    this.#report = report;
    this.#graceMs = graceMs;
    this.#termAt = fromMachine(deadline.termAt);
    this.#killAt = fromMachine(deadline.killAt);
    const child = spawn(file, args, { detached: true, env, stdio: 'inherit' });
    this.#pid = child.pid;
    child.once('error', (error: NodeJS.ErrnoException) => {
      // Later ones are about signals, which we send ourselves.
      if (child.pid === undefined) report({ type: 'failed', code: error.code, message: error.message });
    });
    child.once('exit', (code, signal) => void this.#exited(code, signal));
    if (child.pid !== undefined) {
      report({ type: 'started', pid: child.pid });
      this.#watch();
    }
  }

  /** A child that was told to end stays told. */
  extend(deadline: Deadline): void {
    if (this.#isTermed) return;
    this.#termAt = fromMachine(deadline.termAt);
    this.#killAt = fromMachine(deadline.killAt);
    this.#watch();
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#pid !== undefined) signalGroup(this.#pid, signal);
  }

  stop(graceMs: number): void {
    const soon = later(systemClock.now(), graceMs);
    if (soon.monoMs < this.#killAt.monoMs) this.#killAt = soon;
    this.#term();
    this.#watch();
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isTermed = true;
    this.#isKilled = true;
    this.signal('SIGKILL');
  }

  #term(): void {
    if (this.#isTermed) return;
    this.#isTermed = true;
    this.signal('SIGTERM');
    // A stopped process takes no other signal than SIGKILL before it goes on.
    this.signal('SIGCONT');
  }

  #watch(): void {
    this.#calm();
    const now = systemClock.now();
    if (isPast(this.#killAt, now)) return this.kill();
    if (isPast(this.#termAt, now)) this.#term();
    const next = this.#isTermed ? this.#killAt : this.#termAt;
    const nap = later(now, NAP_MS);
    this.#calm = systemClock.alarm(next.monoMs < nap.monoMs ? next : nap, () => this.#watch());
  }

  /** What it left behind in its group ends with it: it works in the leader's name. */
  async #exited(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const stopped = this.#isTermed;
    const leader = this.#pid;
    if (leader !== undefined && signalGroup(leader, 0)) {
      this.stop(this.#graceMs);
      if (!(await groupGone(leader, () => this.#isKilled))) {
        const reaped = later(systemClock.now(), REAP_MS);
        await groupGone(leader, () => isPast(reaped, systemClock.now()));
      }
    }
    this.#calm();
    this.#report({ type: 'ended', code, signal, stopped });
  }
}
