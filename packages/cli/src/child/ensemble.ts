import type { Command } from 'commander';
import type { Tenure } from '@tenure/core';
import { contextOf } from '../command.ts';
import { durationMs } from '../duration.ts';
import { End } from '../end.ts';
import { jsonOf, openTenure } from '../settings.ts';
import { environmentOf } from './environment.ts';
import { defaultGraceMs, timingFor } from './grace.ts';
import { Guard } from './guard.ts';
import type { Supervision } from './supervision.ts';

/** What every command that runs another one takes. */
export interface EnsembleOptions {
  readonly grace?: string;
  readonly metadata?: string;
}

export const addEnsembleOptions = (command: Command): Command =>
  command
    .option('--grace <duration>', 'between SIGTERM and SIGKILL (default: a fifth of the TTL, 10s at most)')
    .option('--metadata <json>', 'about us, for others to see');

/** What a command needs to be run while we lead or hold: a tenure whose terms end by the grace earlier, its watchdog, and who hears signals. */
export interface Ensemble extends Supervision {
  readonly tenure: Tenure;
  readonly end: End;
  /** When nothing of the command is left. */
  readonly close: () => Promise<void>;
}

/** @throws UsageError, InvalidArgumentError */
export async function openEnsemble(
  self: Command,
  command: readonly string[],
  { grace, metadata }: EnsembleOptions,
): Promise<Ensemble> {
  const { settings, output } = contextOf(self);
  const graceMs = grace === undefined ? defaultGraceMs(settings.ttlMs) : durationMs('--grace', grace);
  const tenure = await openTenure(settings, {
    timing: timingFor(settings.ttlMs, graceMs),
    ...(metadata === undefined ? {} : { metadata: jsonOf(metadata) }),
  });
  const guard = new Guard(graceMs);
  const end = new End(guard);
  const close = async (): Promise<void> => {
    await tenure.close();
    guard.close();
    end.close();
  };
  return { tenure, guard, end, output, command, env: environmentOf(settings), close };
}
