import { readFile } from 'node:fs/promises';
import { guarantees } from './protocol.ts';
import type { Guarantee } from './protocol.ts';

/** What became of the ticks of one schedule. */
export interface Account {
  readonly guarantee: Guarantee;
  /** Seconds from the first one that began to the last that all must have come to. */
  readonly due: number;
  /** At most once: begun. At least once: brought to an end. */
  readonly fired: number;
  /** Fired more than once. */
  readonly doubled: readonly number[];
  readonly missed: readonly number[];
}

interface Line {
  readonly guarantee: Guarantee;
  readonly tick: number;
  readonly what: 'began' | 'ended';
}

async function linesOf(log: string): Promise<Line[]> {
  const text = await readFile(log, 'utf8');
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [guarantee, tick, what] = line.split(' ');
      return { guarantee, tick: Number(tick), what } as Line;
    });
}

/** The last tick that each schedule has fired; 0 before the first. */
export async function lastFired(log: string): Promise<number> {
  const lines = await linesOf(log);
  return Math.min(
    ...guarantees.map((guarantee) => Math.max(0, ...firings(lines, guarantee).map(({ tick }) => tick))),
  );
}

const firings = (lines: readonly Line[], guarantee: Guarantee): Line[] =>
  lines.filter(
    (line) =>
      line.guarantee === guarantee && line.what === (guarantee === 'at-most-once' ? 'began' : 'ended'),
  );

/** Of every second up to and with `lastTick`. */
export async function accounts(log: string, lastTick: number): Promise<Account[]> {
  const lines = await linesOf(log);
  return guarantees.map((guarantee) => {
    const firstTick = Math.min(
      ...lines.filter((line) => line.guarantee === guarantee).map(({ tick }) => tick),
    );
    const counts = new Map<number, number>();
    for (const { tick } of firings(lines, guarantee)) counts.set(tick, (counts.get(tick) ?? 0) + 1);
    const due = Array.from(
      { length: (lastTick - firstTick) / 1000 + 1 },
      (_, index) => firstTick + index * 1000,
    );
    return {
      guarantee,
      due: due.length,
      fired: due.filter((tick) => counts.has(tick)).length,
      doubled: [...counts].filter(([, count]) => count > 1).map(([tick]) => tick),
      missed: due.filter((tick) => !counts.has(tick)),
    };
  });
}
