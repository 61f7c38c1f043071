import { systemClock } from '@tenure/core/store';
import type { Instant } from '@tenure/core/store';

/** Both read the clock that the whole machine shares, from zero points of their own. */
const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** How far this process's monotonic clock is behind the machine's. Whatever came between two readings makes it less: the greatest is the best. */
const behindMs = Math.max(...Array.from({ length: 5 }, () => machineMs() - systemClock.now().monoMs));

/** An instant as every process of this machine understands it. */
export const toMachine = ({ monoMs, wallMs }: Instant): Instant => ({ monoMs: monoMs + behindMs, wallMs });

export const fromMachine = ({ monoMs, wallMs }: Instant): Instant => ({ monoMs: monoMs - behindMs, wallMs });
