import type { IEvent, IKeyValue } from 'etcd3';

/** The candidates of one election, as of some revision. */
export class Queue {
  readonly #candidates = new Map<string, IKeyValue>();

  constructor(candidates: readonly IKeyValue[]) {
    for (const kv of candidates) this.#candidates.set(kv.key.toString('latin1'), kv);
  }

  /** The one with the lowest create revision: it holds the key. */
  get first(): IKeyValue | undefined {
    let first: IKeyValue | undefined;
    for (const kv of this.#candidates.values()) {
      if (!first || BigInt(kv.create_revision) < BigInt(first.create_revision)) first = kv;
    }
    return first;
  }

  /** Who was first after each revision. Events of one revision happened at once: nobody ever saw half of them. */
  apply(events: readonly IEvent[]): (IKeyValue | undefined)[] {
    const firsts: (IKeyValue | undefined)[] = [];
    for (const [index, { type, kv }] of events.entries()) {
      const key = kv.key.toString('latin1');
      if (type === 'Delete') this.#candidates.delete(key);
      else this.#candidates.set(key, kv);
      if (events[index + 1]?.kv.mod_revision !== kv.mod_revision) firsts.push(this.first);
    }
    return firsts;
  }
}
