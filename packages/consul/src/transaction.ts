import { AccessDeniedError, SessionGoneError, StoreUnavailableError } from '@tenure/core/store';
import type { Connection } from './connection.ts';
import { LOCK_FLAGS, pairOf, type Pair } from './pair.ts';

/** One operation of a transaction, as JSON text. */
export type Operation = string & { readonly operation?: never };

function operation(fields: Record<string, string | number>, flags?: string): Operation {
  const json = JSON.stringify(fields);
  return `{"KV":${flags === undefined ? json : `${json.slice(0, -1)},"Flags":${flags}}`}}`;
}

const base64 = (value: string) => Buffer.from(value).toString('base64');

export const isAbsent = (path: string): Operation => operation({ Verb: 'check-not-exists', Key: path });

/** The index moves with every write, so this holds session and value still as well. */
export const isUnchanged = (path: string, index: number): Operation =>
  operation({ Verb: 'check-index', Key: path, Index: index });

export const isHeldBy = (path: string, session: string): Operation =>
  operation({ Verb: 'check-session', Key: path, Session: session });

/** Takes a free key; on a key that `session` holds, a write that leaves the lock as it is. */
export const lock = (path: string, session: string, value: string): Operation =>
  operation({ Verb: 'lock', Key: path, Session: session, Value: base64(value) }, LOCK_FLAGS);

export const unlock = (path: string, session: string, value: string): Operation =>
  operation({ Verb: 'unlock', Key: path, Session: session, Value: base64(value) }, LOCK_FLAGS);

export const set = (path: string, value: string): Operation =>
  operation({ Verb: 'set', Key: path, Value: base64(value) });

export const remove = (path: string): Operation => operation({ Verb: 'delete', Key: path });

/** Everything that starts so: unlike `get` it does not fail the transaction when nothing does. */
export const getAll = (path: string): Operation => operation({ Verb: 'get-tree', Key: path });

export interface Applied {
  readonly applied: true;
  readonly pairs: readonly Pair[];
}

/** Nothing was applied. `moved`: a check failed or somebody holds the key, so look again. */
export interface Refused {
  readonly applied: false;
  readonly why: 'moved' | 'lock-delay';
}

interface RawResult {
  readonly Results: readonly { readonly KV: unknown }[] | null;
  readonly Errors: readonly { readonly What: string }[] | null;
}

export async function transact(
  connection: Connection,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<Applied | Refused> {
  const { status, body } = await connection.ask(
    'verbs',
    { name: 'transaction', method: 'PUT', path: '/txn', body: `[${operations.join(',')}]` },
    signal,
  );
  const { Results, Errors } = (typeof body === 'object' ? body : {}) as Partial<RawResult>;
  if (status === 200) return { applied: true, pairs: (Results ?? []).map(({ KV }) => pairOf(KV)) };
  const what = (Errors ?? []).map((error) => error.What).join('; ');
  // Keys are quoted there, and may say anything.
  const reason = what.replaceAll(/"(?:[^"\\]|\\.)*"/gu, '');
  if (/permission denied|ACL not found/iu.test(reason)) throw new AccessDeniedError(`consul: ${what}`);
  if (/invalid session/iu.test(reason)) throw new SessionGoneError(`consul: ${what}`);
  if (/lock delay/iu.test(reason)) return { applied: false, why: 'lock-delay' };
  if (/already held|check|exist|isn't held|lock isn't/iu.test(reason))
    return { applied: false, why: 'moved' };
  throw new StoreUnavailableError(`consul: transaction refused: ${status} ${what || JSON.stringify(body)}`);
}

/** A lock and what lies beside it, at one instant, as the leader confirms. */
export async function readTogether(
  connection: Connection,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Pair>> {
  const { status, body } = await connection.ask(
    'verbs',
    {
      name: 'read',
      method: 'PUT',
      path: '/txn',
      query: { consistent: '1' },
      body: `[${paths.map(getAll).join(',')}]`,
    },
    signal,
  );
  if (status !== 200)
    throw new StoreUnavailableError(`consul: read refused: ${status} ${JSON.stringify(body)}`);
  const pairs = ((body as RawResult).Results ?? []).map(({ KV }) => pairOf(KV));
  return new Map(pairs.map((pair) => [pair.path, pair]));
}
