import type { TrueMs } from './event.ts';
import { timeOf } from './history.ts';
import type { History } from './history.ts';

/** A stretch in which nothing is known to go wrong. */
export interface Quiet {
  readonly from: TrueMs;
  readonly to: TrueMs;
}

/** The stretches after the faults, the last one until the end. Without any fault: the whole. */
export function quietOf(history: History): Quiet[] {
  const { promises, events } = history;
  const endAt = promises.endAt;
  const disturbances = [...faultsOf(history)];
  for (const event of events) {
    if (event.what === 'away') disturbances.push({ from: event.since, to: event.at });
    if (event.what === 'died') disturbances.push({ from: event.at, to: event.at });
  }
  if (disturbances.length === 0)
    return [{ from: events[0] ? timeOf(events[0]) : Math.min(0, endAt), to: endAt }];
  disturbances.sort((a, b) => a.from - b.from);
  const quiet: Quiet[] = [];
  let troubledTo = disturbances[0]?.from ?? endAt;
  for (const [index, { to }] of disturbances.entries()) {
    troubledTo = Math.max(troubledTo, to);
    const next = disturbances[index + 1]?.from ?? endAt;
    if (next > troubledTo) quiet.push({ from: troubledTo, to: next });
  }
  return quiet;
}

/**
 * Faults that are healed under their own name last until then, the others are over at once; but where something is
 * healed under a name that no fault has, nothing is over before the last that was injected or healed.
 */
function faultsOf({ injected }: History): Quiet[] {
  const names = new Set(injected.flatMap(({ what, fault }) => (what === 'fault' ? [fault] : [])));
  const first = injected[0];
  if (first && injected.some(({ fault }) => !names.has(fault)))
    return [{ from: first.at, to: injected.at(-1)!.at }];
  const healed = new Map<string, TrueMs[]>();
  for (const { what, fault, at } of injected.toReversed())
    if (what === 'healed') healed.set(fault, [...(healed.get(fault) ?? []), at]);
  return injected.flatMap(({ what, fault, at }) => {
    if (what === 'healed') return [{ from: at, to: at }];
    const to = healed.get(fault)?.pop();
    return [{ from: at, to: Math.max(at, to ?? at) }];
  });
}
