import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

/** A holder of the lock shows this often that it is at work, and counts as dead after this long without a sign. */
const SIGN_OF_LIFE_MS = 1000;
const DEAD_AFTER_MS = 15_000;

export function cacheFolder(): string {
  // A relative XDG_CACHE_HOME is to be ignored, says its specification.
  const xdg = process.env['XDG_CACHE_HOME'];
  return join(xdg?.startsWith('/') ? xdg : join(homedir(), '.cache'), 'tenure-servers');
}

/**
 * The folder of that name in the cache, made by `fill` if it is not there. It appears in one piece, by a rename,
 * so whatever an interrupted attempt left is never taken for it. That also is what makes it safe for several
 * processes at once; the lock only keeps them from all doing the same long work.
 */
export async function inCache(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, name);
  await mkdir(cache, { recursive: true });
  if (existsSync(folder)) return folder;
  const release = await lock(`${folder}.lock`, () => existsSync(folder));
  if (!release) return folder;
  const draft = join(cache, `${name}.${randomUUID()}.draft`);
  try {
    for (const entry of await readdir(cache)) {
      const leftOver = entry.startsWith(`${name}.`) && entry.endsWith('.draft');
      if (leftOver) await rm(join(cache, entry), { recursive: true, force: true });
    }
    await mkdir(draft);
    await fill(draft);
    await rename(draft, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
    return folder;
  } finally {
    await rm(draft, { recursive: true, force: true });
    await release();
  }
}

/** Does the work while no other process does work of that name; gives it a folder that stays. */
export async function inTurn<T>(name: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(cacheFolder(), name);
  await mkdir(folder, { recursive: true });
  const release = await lock(`${folder}.lock`, () => false);
  try {
    return await work(folder);
  } finally {
    await release?.();
  }
}

/** Waits for the lock, a folder, or until there is no need for it any more; then it gives undefined. */
async function lock(path: string, done: () => boolean): Promise<(() => Promise<void>) | undefined> {
  const taken = await until(
    `${path} is released`,
    async () => {
      if (done()) return 'needless';
      if (await created(path)) return 'ours';
      await removeIfDead(path);
      return undefined;
    },
    { timeoutMs: 600_000, everyMs: 100 },
  );
  if (taken === 'needless') return undefined;
  const sign = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {}); // taken for dead: then somebody does the same work, no harm
  }, SIGN_OF_LIFE_MS);
  return async () => {
    clearInterval(sign);
    await rm(path, { recursive: true, force: true });
  };
}

function created(path: string): Promise<boolean> {
  return mkdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
}

async function removeIfDead(path: string): Promise<void> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > DEAD_AFTER_MS) await rm(path, { recursive: true, force: true });
}
