import type { History } from './history.ts';
import type { Violation } from './verdict.ts';
import { inMs } from './wording.ts';

export const scandals = ({ events }: History): Violation[] =>
  events
    .filter((event) => event.what === 'scandal')
    .map((event) => ({ rule: 'scandal', text: `at ${inMs(event.at)}: ${event.message}`, events: [event] }));
