import { VirtualClock } from '@tenure/conformance/clock';
import { unreliable } from '@tenure/conformance/network';
import type { Call, Fault } from '@tenure/conformance/network';
import { createTenure } from '@tenure/core';
import type { Clock, Election, Tenure } from '@tenure/core';
import { MemorySpace, memory } from '@tenure/core/memory';
import { later } from '@tenure/core/store';
import { schedule } from '@tenure/scheduler';
import type { Job, Run, Schedule, ScheduleOptions } from '@tenure/scheduler';

/** The virtual clock begins here: Tuesday, 2030-01-01T00:00:00Z. */
export const T0 = 1_893_456_000_000;

/** `T0` and so many seconds. */
export const at = (seconds: number): Date => new Date(T0 + seconds * 1000);

/** The time of a tick in seconds since `T0`. */
export const secondsOf = (date: Date): number => (date.getTime() - T0) / 1000;

/** One process: a candidate with its way to the store, which may be bad. */
export interface Replica {
  readonly tenure: Tenure;
  readonly election: Election;
  readonly clock: Clock;
  fault: (call: Call) => Fault | undefined;
  readonly calls: Call[];
}

/** Several replicas on one store, in virtual time. */
export class Rig {
  readonly clock = new VirtualClock();
  readonly space = new MemorySpace({ clock: this.clock });
  readonly #tenures: Tenure[] = [];

  /** `ttlMs` 900: renewed each 300 ms, over after 801 ms without one. */
  replica(id: string, { clock = this.clock, ttlMs = 900 }: { clock?: Clock; ttlMs?: number } = {}): Replica {
    const replica = { clock, fault: (): Fault | undefined => undefined, calls: [] as Call[] };
    const store = unreliable(memory({ shared: this.space }), {
      clock,
      fault: (call) => {
        replica.calls.push(call);
        return made.fault(call);
      },
    });
    const tenure = createTenure({ ttlMs, store, clock, candidate: { id } });
    this.#tenures.push(tenure);
    const made: Replica = Object.assign(replica, { tenure, election: tenure.election('jobs') });
    return made;
  }

  /** Resolves after so much virtual time: work that takes a while. */
  passes(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.alarm(later(this.clock.now(), ms), resolve));
  }

  /** Wall clock to so many seconds after `T0`, which must not be past. */
  async to(seconds: number): Promise<void> {
    await this.clock.advance(T0 + seconds * 1000 - this.clock.now().wallMs);
  }

  async close(): Promise<void> {
    const closing = Promise.all(this.#tenures.map((tenure) => tenure.close()));
    await this.clock.advance(60_000);
    await closing;
  }
}

/** A crash: nothing of this process reaches the store any more. */
export function crash(replica: Replica): void {
  replica.fault = () => ({ kind: 'hung', applied: false });
}

/** What a schedule says, one word each: `started 60`, in seconds since `T0`. */
export function listen(made: Schedule): { readonly log: string[]; readonly runs: Run[] } {
  const heard = { log: [] as string[], runs: [] as Run[] };
  made.runs.subscribe((run) => {
    heard.runs.push(run);
    heard.log.push(wordsOf(run));
  });
  return heard;
}

function wordsOf(run: Run): string {
  const seconds = secondsOf(run.scheduledAt);
  switch (run.kind) {
    case 'skipped':
      return `skipped ${seconds} ${run.reason}`;
    case 'missed':
      return `missed ${secondsOf(run.since)}..${seconds} ${run.count}${run.more ? '+' : ''}`;
    case 'failed':
      return `failed ${seconds}${run.overrun ? ' overrun' : ''}`;
    default:
      return `${run.kind} ${seconds}`;
  }
}

/** Every second, or as told, with the replica's clock. */
export function every(
  seconds: number,
  replica: Replica,
  job: Job,
  options: ScheduleOptions = {},
): Schedule & { readonly log: string[]; readonly heard: Run[] } {
  const made = schedule(replica.election, job, {
    clock: replica.clock,
    everyMs: seconds * 1000,
    name: 'job',
    ...options,
  });
  const { log, runs } = listen(made);
  return Object.assign(made, { log, heard: runs });
}

/** Something that settles when told to. */
export function pending(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
