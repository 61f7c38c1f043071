import { decodeRecord, NotAppliedError } from '@tenure/core/store';
import type { Hold } from './hold.ts';
import type { Pair } from './pair.ts';
import type { Site } from './site.ts';
import { isUnchanged, remove } from './operation.ts';

const ATTEMPTS = 5;

interface Leaving {
  readonly path: string;
  readonly session: string;
  readonly claimId: string;
  /** What is known of it, if it was granted. */
  readonly hold: Hold | undefined;
}

/**
 * Deletes the key if that claim holds it, or has left it behind and nobody holds it. Waiters wake as with an unlock,
 * no lock-delay begins, `consul lock` does the same, and tokens rise all the same: they follow the raft index.
 */
export async function removeKey(
  { transactions }: Site,
  leaving: Leaving,
  signal: AbortSignal,
): Promise<void> {
  const { path, hold } = leaving;
  let index = hold?.lost ? undefined : hold?.index;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (index !== undefined) {
      const answer = await transactions.write(path, [isUnchanged(path, index), remove(path)], signal);
      if (answer.applied) return;
    }
    const pair = (await transactions.read([path], signal)).get(path);
    if (!pair || !mayRemove(pair, leaving)) return;
    index = pair.modifyIndex;
  }
  throw new NotAppliedError(`${path} kept changing while it was to be released`);
}

function mayRemove(pair: Pair, { session, claimId, hold }: Leaving): boolean {
  if (pair.session !== session && pair.session !== '') return false;
  const record = decodeRecord(pair.value);
  if (record) return record.claimId === claimId;
  // Somebody has written over it. The lock is still that of the last claim that was granted.
  return pair.session === session && hold !== undefined && !hold.lost;
}
