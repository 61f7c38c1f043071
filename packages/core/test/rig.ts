import { VirtualClock } from '@tenure/conformance/clock';
import { unreliable } from '@tenure/conformance/network';
import type { Call, Fault } from '@tenure/conformance/network';
import { createTenure } from '@tenure/core';
import type { Clock, Election, Tenure, TenureOptions, Term, TermEnd } from '@tenure/core';
import { MemorySpace, memory } from '@tenure/core/memory';
import { later } from '@tenure/core/store';

/** What goes wrong on one tenure's way to the store; change it at any time. */
export interface Line {
  fault: (call: Call) => Fault | undefined;
  deaf: boolean;
  readonly calls: Call[];
}

export const hang: Fault = { kind: 'hung', applied: false };

/** Several tenures, as processes on one store, in virtual time. */
export class Rig {
  readonly clock = new VirtualClock();
  readonly space = new MemorySpace({ clock: this.clock });
  readonly #tenures: Tenure[] = [];

  /** `ttlMs` 900: renewed each 300 ms, over after 801 ms without one. */
  tenure(
    id: string,
    options: Partial<TenureOptions> & { clock?: Clock } = {},
  ): { tenure: Tenure; line: Line } {
    const line: Line = { fault: () => undefined, deaf: false, calls: [] };
    const clock = options.clock ?? this.clock;
    const store = unreliable(memory({ shared: this.space }), {
      clock,
      fault: (call) => {
        line.calls.push(call);
        return line.fault(call);
      },
      deaf: () => line.deaf,
    });
    const tenure = createTenure({
      ttlMs: 900,
      store,
      ...options,
      clock,
      candidate: { id, ...options.candidate },
    });
    this.#tenures.push(tenure);
    return { tenure, line };
  }

  /** Resolves after so much virtual time: work that takes a while. */
  passes(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.alarm(later(this.clock.now(), ms), resolve));
  }

  async close(): Promise<void> {
    const closing = Promise.all(this.#tenures.map((tenure) => tenure.close()));
    await this.clock.advance(60_000);
    await closing;
  }
}

/** Everything an election says, in order. */
export function listen(election: Election): {
  log: string[];
  terms: Term[];
  ends: TermEnd[];
  errors: Error[];
} {
  const heard = { log: [] as string[], terms: [] as Term[], ends: [] as TermEnd[], errors: [] as Error[] };
  election.acquired.subscribe((term) => {
    heard.terms.push(term);
    heard.log.push(`acquired ${term.token}`);
  });
  for (const kind of ['released', 'lost'] as const) {
    election[kind].subscribe((end) => {
      heard.ends.push(end);
      heard.log.push(`${kind} ${end.term.token} ${end.reason}`);
    });
  }
  election.errors.subscribe((error) => heard.errors.push(error));
  return heard;
}
