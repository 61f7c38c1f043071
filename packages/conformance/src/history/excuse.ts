import type { Injected, TrueMs } from './event.ts';

interface Stretch {
  readonly from: TrueMs;
  readonly to: TrueMs;
}

/** When the store was made to break its word. */
export class Excuses {
  readonly #faults: readonly Injected[];
  readonly #slackMs: number;

  constructor(faults: readonly Injected[], slackMs: number) {
    this.#faults = faults.filter(({ excusesMs }) => excusesMs !== undefined);
    this.#slackMs = slackMs;
  }

  /** The end of the excused stretch in which `moment` lies; undefined when nothing excuses it. */
  until(key: string, moment: TrueMs): TrueMs | undefined {
    return this.#stretches(key).find(({ from, to }) => from <= moment && moment <= to)?.to;
  }

  /** Those that touch each other made one. */
  #stretches(key: string): Stretch[] {
    const merged: Stretch[] = [];
    for (const { at, excusesMs = 0, keys } of this.#faults) {
      if (keys && !keys.includes(key)) continue;
      const stretch = { from: at - this.#slackMs, to: at + excusesMs + this.#slackMs };
      const last = merged.at(-1);
      if (last && stretch.from <= last.to)
        merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, stretch.to) };
      else merged.push(stretch);
    }
    return merged;
  }
}
