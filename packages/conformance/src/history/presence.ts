import type { Away, HistoryEvent, TrueMs } from './event.ts';

/** Who could run when, as far as was told. */
export class Presence {
  readonly #absences = new Map<string, Away[]>();
  readonly #deaths = new Map<string, TrueMs[]>();
  readonly #slackMs: number;

  constructor(events: readonly HistoryEvent[], slackMs: number) {
    this.#slackMs = slackMs;
    for (const event of events) {
      if (event.what === 'away')
        for (const candidate of event.candidates) add(this.#absences, candidate, event);
      if (event.what === 'died')
        for (const candidate of event.candidates) add(this.#deaths, candidate, event.at);
    }
  }

  /** The absence during which `moment` passed for that candidate. */
  absence(candidate: string, moment: TrueMs): Away | undefined {
    return this.#absences
      .get(candidate)
      ?.find(({ since, at }) => since - this.#slackMs <= moment && moment <= at + this.#slackMs);
  }

  /** When it next stopped running after `moment`, or Infinity. */
  nextAbsence(candidate: string, moment: TrueMs): TrueMs {
    const later = (this.#absences.get(candidate) ?? []).filter(({ since }) => since > moment);
    return Math.min(Infinity, ...later.map(({ since }) => since));
  }

  /** When it was next killed, at `moment` or later. A name that comes back after that is somebody new. */
  death(candidate: string, moment: TrueMs): TrueMs | undefined {
    const later = (this.#deaths.get(candidate) ?? []).filter((at) => at >= moment - this.#slackMs);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  /** The first moment by which it has run for `ms` on end since `from`. */
  hasRunFor(candidate: string, from: TrueMs, ms: number): TrueMs {
    let since = from;
    for (const away of this.#absences.get(candidate) ?? [])
      if (away.at > since && away.since <= since + ms) since = away.at;
    return since + ms;
  }
}

/** Appends to the list under `key`. */
export function add<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
