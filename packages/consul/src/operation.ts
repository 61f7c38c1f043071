import { LOCK_FLAGS } from './pair.ts';

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
