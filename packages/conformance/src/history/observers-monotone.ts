import type { Observed } from './event.ts';
import type { History } from './history.ts';
import { sightings } from './observers.ts';
import type { Violation } from './verdict.ts';
import { inMs } from './wording.ts';

/** C9: what an observer is told never goes back to an earlier term, not even after it saw none. */
export function observersMonotone(history: History): Violation[] {
  return sightings(history).flatMap((seen) => {
    const found: Violation[] = [];
    let top: (Observed & { readonly token: bigint }) | undefined;
    for (const event of seen) {
      const { token } = event;
      if (token === undefined) continue;
      if (top && token < top.token)
        found.push({
          rule: 'observers-monotone',
          text: `${event.observer} saw term ${token} of ${JSON.stringify(event.key)} at ${inMs(event.at)}, after term ${top.token} at ${inMs(top.at)}`,
          events: [top, event],
        });
      else top = { ...event, token };
    }
    return found;
  });
}
