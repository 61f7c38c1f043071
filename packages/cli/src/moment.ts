import { rfc3339, systemClock } from '@tenure/core/store';

/** RFC 3339, for programs and logs. */
export const nowText = (): string => rfc3339(systemClock.now());

/** For a person who looks on. */
export const timeOfDay = (): string =>
  new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' }).format(systemClock.now().wallMs);

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `3 minutes ago`, by this machine's clock, which need not be that of whoever wrote the time; other texts as they are. */
export function agoText(time: string): string {
  // oxlint-disable-next-line eslint/no-restricted-globals -- reads a text, and not the time
  const wallMs = Date.parse(time);
  if (Number.isNaN(wallMs)) return time;
  const seconds = Math.max(0, (systemClock.now().wallMs - wallMs) / 1000);
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ['second', 1];
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(-Math.floor(seconds / length), unit);
}
