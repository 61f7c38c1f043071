import { createTenure } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import type { MemorySpace } from '@tenure/core/memory';
import { StoreUnavailableError } from '@tenure/core/store';
import type { Store, StoreSession } from '@tenure/core/store';
import { CandidateOnStage } from './candidate.ts';
import type { Contender } from './contender.ts';
import type { Part, Report } from './report.ts';

/** A contender in this process, over the memory store. */
export class InProcess implements Contender {
  readonly name: string;
  readonly home = 'in this process';
  readonly #line = { cut: false };
  readonly #candidate: CandidateOnStage;

  constructor(part: Part, space: MemorySpace, tell: (report: Report) => void) {
    const { name, namespace, ttlMs } = part;
    this.name = name;
    const store = onLine(memory({ shared: space }), this.#line);
    const tenure = createTenure({ store, namespace, ttlMs, candidate: { id: name } });
    this.#candidate = new CandidateOnStage(tenure, tell);
    // As a process would: later than its making.
    setImmediate(() => this.#candidate.stand());
  }

  /** Nothing in one process can be killed alone; what can be cut is its line to the store. */
  async crash(): Promise<void> {
    this.#line.cut = true;
  }

  resign(): void {
    void this.#candidate.resign();
  }

  leave(): Promise<void> {
    return this.#candidate.leave();
  }
}

/** The same store, as long as the line to it is not cut. */
function onLine(store: Store, line: { readonly cut: boolean }): Store {
  const check = (): void => {
    if (line.cut) throw new StoreUnavailableError('the line to the store is cut');
  };
  return {
    ...store,
    open: async (request, signal) => {
      check();
      return cuttable(await store.open(request, signal), check);
    },
  };
}

function cuttable(session: StoreSession, check: () => void): StoreSession {
  const over = async <T>(verb: () => Promise<T>): Promise<T> => {
    check();
    return verb();
  };
  return {
    id: session.id,
    ttlMs: session.ttlMs,
    adopted: session.adopted,
    gone: session.gone,
    taken: (hint) => session.taken(hint),
    park: (held, signal) => session.park(held, signal),
    renew: (signal) => over(() => session.renew(signal)),
    claim: (key, proposal, signal) => over(() => session.claim(key, proposal, signal)),
    release: (key, claimId, signal) => over(() => session.release(key, claimId, signal)),
    announce: (granted, record, signal) => over(() => session.announce(granted, record, signal)),
    save: (granted, value, sequence, signal) => over(() => session.save(granted, value, sequence, signal)),
    close: (signal) => over(() => session.close(signal)),
  };
}
