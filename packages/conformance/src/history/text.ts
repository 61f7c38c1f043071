import { InvalidArgumentError } from '@tenure/core/store';
import { checkEvents } from './arguments.ts';
import type { HistoryEvent } from './event.ts';

/** A line of JSON for each event, to be kept and judged again by anybody. Tokens are text there, and an answer that never came has no time. */
export const writeHistory = (events: readonly HistoryEvent[]): string =>
  events.map((event) => `${JSON.stringify(event, toText)}\n`).join('');

/** @throws InvalidArgumentError for what `writeHistory` would not have written. */
export function readHistory(text: string): HistoryEvent[] {
  const events = text
    .split('\n')
    .map((line, index) => (line.trim() === '' ? undefined : eventOf(line, index + 1)))
    .filter((event) => event !== undefined);
  checkEvents(events);
  return events;
}

function eventOf(line: string, number: number): HistoryEvent {
  let event: unknown;
  try {
    event = JSON.parse(line, fromText);
  } catch (cause) {
    if (cause instanceof InvalidArgumentError) throw cause;
    throw new InvalidArgumentError(
      `line ${number} of the history is not JSON: ${JSON.stringify(line.slice(0, 80))}`,
      {
        cause,
      },
    );
  }
  if (typeof event !== 'object' || event === null)
    throw new InvalidArgumentError(`line ${number} of the history is no event: ${line.slice(0, 80)}`);
  return event as HistoryEvent;
}

function toText(_name: string, value: unknown): unknown {
  if (value === Infinity) return null;
  return typeof value === 'bigint' ? String(value) : value;
}

function fromText(name: string, value: unknown): unknown {
  if ((name === 'returnedAt' || name === 'excusesMs') && value === null) return Infinity;
  if (name !== 'token') return value;
  if (typeof value !== 'string' || !/^\d+$/.test(value))
    throw new InvalidArgumentError(`token must be a whole number, got ${JSON.stringify(value)}`);
  return BigInt(value);
}
