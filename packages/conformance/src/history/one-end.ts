import type { History } from './history.ts';
import { eventsOf } from './reign.ts';
import type { Reign } from './reign.ts';
import type { Violation } from './verdict.ts';
import { inMs, ofTerm } from './wording.ts';

/** C8: (acquired (released | lost))*. Who was killed owes no end. */
export function oneEnd({ reigns, promises }: History): Violation[] {
  return [...reigns.values()].flat().flatMap((reign) => {
    const text = trouble(reign, promises.slackMs, promises.endAt);
    return text ? [{ rule: 'one-end', text: `${ofTerm(reign)} ${text}`, events: eventsOf(reign) }] : [];
  });
}

function trouble(
  { begin, acquired, seen, ends, diedAt }: Reign,
  slackMs: number,
  endAt: number,
): string | undefined {
  const [end, ...more] = ends;
  if (!end) {
    return diedAt === undefined ? `began at ${inMs(begin)} and has not ended by ${inMs(endAt)}` : undefined;
  }
  if (more.length > 0) return `ended ${ends.length} times: at ${ends.map(({ at }) => inMs(at)).join(', ')}`;
  if (!acquired[0]) return `ended at ${inMs(end.at)}, and was never told to have begun`;
  if (acquired[0].at > end.at + slackMs)
    return `ended at ${inMs(end.at)}, and was told to have begun at ${inMs(acquired[0].at)} only`;
  if (seen && seen.at > end.at + slackMs)
    return `ended at ${inMs(end.at)}, and a read said that it is current at ${inMs(seen.at)}`;
  return end.at > endAt + slackMs
    ? `ended at ${inMs(end.at)} only, after the end of the observation at ${inMs(endAt)}`
    : undefined;
}
