import { unprivilegedAccount } from './account.ts';
import type { Kind, OptionalKind } from './cluster.ts';
import { addressesInEnvironment } from './external.ts';
import { getProgramFor } from './programs.ts';
import type { ProgramName } from './sources.ts';

/** Where servers of a kind come from on this machine: addresses in the environment, or a program to start. */
export interface ServerSource {
  readonly kind: Kind;
  readonly urls?: string[];
  readonly binary?: string;
}

/**
 * For `describe.skipIf(!(await serverOrSkip('etcd')))`: undefined, with the reason printed, on a machine where no such
 * server can be had. In CI that is a failure: a suite that skips there would look like one that passes. Only what is
 * optional may be missing there too.
 * @param own as for startEtcd and the other starters: a server named by the environment is not enough.
 */
export async function serverOrSkip(kind: Kind, { own = false } = {}): Promise<ServerSource | undefined> {
  const urls = addressesInEnvironment(kind);
  if (urls && !own) return { kind, urls };
  try {
    return { kind, binary: await serverBinary(kind) };
  } catch (error) {
    if (process.env['CI'] === 'true' && !isOptional(kind)) throw error;
    process.stderr.write(
      `tests with ${kind} are skipped: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return undefined;
  }
}

const PROGRAMS: Record<Kind, ProgramName> = {
  etcd: 'etcd',
  consul: 'consul',
  redis: 'redis-server',
  redis8: 'redis8-server',
  valkey: 'valkey-server',
  postgres: 'postgres',
  pgbouncer: 'pgbouncer',
  mariadb: 'mariadbd',
  mysql: 'mysqld',
};

async function serverBinary(kind: Kind): Promise<string> {
  const account = kind === 'postgres' || kind === 'pgbouncer' ? unprivilegedAccount() : undefined;
  return (await getProgramFor(account, PROGRAMS[kind])).file;
}

function isOptional(kind: Kind): kind is OptionalKind {
  const optional: Record<OptionalKind, true> = { valkey: true, redis8: true, mysql: true };
  return kind in optional;
}
