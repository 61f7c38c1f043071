import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePorts } from '../../../test/servers/ports.ts';
import type { Environment } from './cli.ts';

/** A folder of the test's own. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tenure-cli-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** An environment with a store in a file of the test's own. */
export const inFile = async (): Promise<Environment> => ({
  TENURE_STORE: `sqlite:${join(await folder(), 'tenure.db')}`,
});

export async function portOfNobody(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}
