export const nowMs = (): number => performance.now();

/** The value below which so many percent lie; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};

/** How long each took, one after another, in milliseconds. */
export async function oneByOne(count: number, job: () => Promise<unknown>): Promise<number[]> {
  const tookMs: number[] = [];
  for (let done = 0; done < count; done += 1) {
    const since = nowMs();
    await job();
    tookMs.push(nowMs() - since);
  }
  return tookMs;
}

export interface Effort {
  readonly count: number;
  readonly elapsedMs: number;
  /** Of this process, with its garbage collector and its threads. */
  readonly cpuUs: number;
}

/** All of them, never more than `lanes` at a time. */
export async function atOnce(lanes: number, count: number, job: () => Promise<unknown>): Promise<Effort> {
  let left = count;
  const before = process.cpuUsage();
  const since = nowMs();
  await Promise.all(
    Array.from({ length: Math.min(lanes, count) }, async () => {
      while (left > 0) {
        left -= 1;
        await job();
      }
    }),
  );
  const elapsedMs = nowMs() - since;
  const { user, system } = process.cpuUsage(before);
  return { count, elapsedMs, cpuUs: user + system };
}

/** The same list, beginning with another one each time: whoever comes after a busy one finds a warmer machine. */
export const rotated = <T>(list: readonly T[], by: number): readonly T[] => [
  ...list.slice(by % Math.max(1, list.length)),
  ...list.slice(0, by % Math.max(1, list.length)),
];
