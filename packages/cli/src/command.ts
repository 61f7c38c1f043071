import type { Command } from 'commander';
import { TenureError } from '@tenure/core';
import { Exit } from './exit-codes.ts';
import { Output } from './output.ts';
import { settingsOf } from './settings.ts';
import type { Settings } from './settings.ts';

/** What a command works with: the settings, and where it tells. */
export interface Context {
  readonly settings: Settings;
  readonly output: Output;
}

/** @throws UsageError */
export function contextOf(command: Command): Context {
  const settings = settingsOf(command);
  return { settings, output: new Output(settings) };
}

/** For people: what is meant to be read is shown as it is, what is not with its stack. */
export function messageOf(error: unknown): string {
  if (error instanceof Exit || error instanceof TenureError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
