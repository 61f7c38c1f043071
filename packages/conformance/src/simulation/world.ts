import type { MemorySpace } from '@tenure/core/memory';
import { later } from '@tenure/core/store';
import type { Chronicle } from './chronicle.ts';
import type { Dice } from './dice.ts';
import { Register } from './register.ts';
import type { Setting } from './setting.ts';
import type { VirtualClock } from '../virtual-clock.ts';

export const NAMESPACE = 'simulated';

interface Mark {
  readonly token: bigint;
  readonly nth: number;
}

/** What all processes of one history share: the store, the network's time, the resources. */
export class World {
  readonly setting: Setting;
  /** True time: the store's, and the network's. */
  readonly clock: VirtualClock;
  readonly space: MemorySpace;
  readonly dice: Dice;
  readonly chronicle: Chronicle;
  readonly registers: Map<string, { readonly fenced: Register; readonly unfenced: Register }> = new Map();
  /** Requests get no answer. */
  isDown = false;
  /** Nothing goes wrong any more, and leaders hold on. */
  isCalm = false;
  /** Operations without an answer so far. */
  readonly unanswered: Set<() => void> = new Set();
  readonly #saves = new Map<string, Mark>();
  #written = 0;

  constructor(facts: Pick<World, 'setting' | 'clock' | 'space' | 'dice' | 'chronicle'>) {
    this.setting = facts.setting;
    this.clock = facts.clock;
    this.space = facts.space;
    this.dice = facts.dice;
    this.chronicle = facts.chronicle;
    for (const key of this.setting.keys) {
      this.registers.set(key, {
        fenced: new Register(`fenced:${key}`, true),
        unfenced: new Register(`unfenced:${key}`, false),
      });
    }
  }

  /** Written once in a history. */
  newValue(): number {
    this.#written += 1;
    return this.#written;
  }

  /** On the network: stops for nobody. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.alarm(later(this.clock.now(), ms), resolve);
    });
  }

  /** The store has answered that it has this. */
  saved(slot: string, mark: Mark): void {
    const last = this.#saves.get(slot);
    if (!last || isBefore(last, mark)) this.#saves.set(slot, mark);
  }

  /** A successor finds the last save that was answered, or a later one. */
  found(slot: string, mark: Mark | undefined, token: bigint): void {
    const last = this.#saves.get(slot);
    if (!last || last.token >= token) return;
    if (!mark || isBefore(mark, last)) {
      const found = mark ? `number ${mark.nth} of term ${mark.token}` : 'nothing';
      this.chronicle.scandal(
        `term ${token} found ${found} in ${slot}, where term ${last.token} had saved number ${last.nth}`,
      );
    }
  }
}

const isBefore = (a: Mark, b: Mark): boolean => (a.token === b.token ? a.nth < b.nth : a.token < b.token);
