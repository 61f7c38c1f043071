import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import { inCache } from './cache.ts';
import { serversFolder } from './keeper.ts';

const run = promisify(execFile);

/**
 * Makes the data folder of a database server, by copying one that was initialised once and is kept in the cache:
 * initialising takes seconds. It, and the way to it, is open to the account that is to use it.
 */
export async function makeData(
  folder: string,
  template: string,
  initialise: (folder: string) => Promise<void>,
  account?: Account,
): Promise<void> {
  const original = await inCache(template, async (draft) => {
    // Not in the cache, which may be closed to the account.
    const first = join(serversFolder(), randomUUID());
    try {
      await mkdir(first);
      await give(first, account);
      await initialise(first);
      await run('cp', ['-R', '-p', `${first}/.`, draft]);
    } finally {
      await rm(first, { recursive: true, force: true });
    }
  });
  await run('cp', ['-R', '-p', original, folder]);
  await give(folder, account);
}

/** Database servers want to be the only ones who can read their data. */
async function give(folder: string, account: Account | undefined): Promise<void> {
  await chmod(folder, 0o700);
  if (!account) return;
  await run('chown', ['-R', `${account.uid}:${account.gid}`, folder]);
  await openTheWay(dirname(folder));
}

/** Lets others pass through the folder of this process's servers, without letting them look around. */
export async function openTheWay(folder: string): Promise<void> {
  await chmod(folder, 0o711);
  if (folder !== serversFolder()) await openTheWay(dirname(folder));
}
