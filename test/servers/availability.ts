import { getBinary } from './binaries.ts';
import type { Kind } from './cluster.ts';
import { addressesInEnvironment } from './external.ts';

/** Where servers of a kind come from on this machine: addresses in the environment, or a program to start. */
export interface ServerSource {
  readonly kind: Kind;
  readonly urls?: string[];
  readonly binary?: string;
}

/**
 * For `describe.skipIf(!(await serverOrSkip('etcd')))`: undefined, with the reason printed, on a machine where no such
 * server can be had. In CI that is a failure: a suite that skips there would look like one that passes.
 * @param own as for startEtcd and startConsul: a server named by the environment is not enough.
 */
export async function serverOrSkip(kind: Kind, { own = false } = {}): Promise<ServerSource | undefined> {
  const urls = addressesInEnvironment(kind);
  if (urls && !own) return { kind, urls };
  try {
    return { kind, binary: await getBinary(kind) };
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    process.stderr.write(
      `tests with ${kind} are skipped: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return undefined;
  }
}
