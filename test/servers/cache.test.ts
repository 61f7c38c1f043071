import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cacheFolder, inCache, inTurn } from './cache.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the cache', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'tenure-cache-'));
    vi.stubEnv('XDG_CACHE_HOME', home);
    return () => rm(home, { recursive: true });
  });

  async function slowly(folder: string): Promise<void> {
    await pause(300);
    writeFileSync(join(folder, 'whole'), '');
  }

  test('is filled once when several ask at the same time', async () => {
    const fill = vi.fn<typeof slowly>(slowly);
    const folders = await Promise.all([1, 2, 3].map(() => inCache('thing', fill)));
    expect(fill).toHaveBeenCalledTimes(1);
    expect(new Set(folders).size).toBe(1);
    expect(existsSync(join(folders[0]!, 'whole'))).toBe(true);
  });

  test('is not kept from being filled by what an interrupted attempt left', async () => {
    const lock = join(cacheFolder(), 'thing.lock');
    mkdirSync(lock, { recursive: true });
    mkdirSync(join(cacheFolder(), 'thing.1234.draft'));
    utimesSync(lock, 0, 0);
    await inCache('thing', slowly);
    expect(readdirSync(cacheFolder())).toEqual(['thing']);
  });

  test('stays empty when filling it fails, and the next attempt may succeed', async () => {
    await expect(inCache('thing', () => Promise.reject(new Error('no network')))).rejects.toThrow(
      'no network',
    );
    expect(readdirSync(cacheFolder())).toEqual([]);
    await inCache('thing', slowly);
  });

  test('lets one at a time do work that leaves something there', async () => {
    let atWork = 0;
    const work = async (folder: string) => {
      atWork += 1;
      const together = atWork;
      await slowly(folder);
      atWork -= 1;
      return together;
    };
    expect(await Promise.all([1, 2].map(() => inTurn('place', work)))).toEqual([1, 1]);
    expect(readdirSync(join(cacheFolder(), 'place'))).toEqual(['whole']);
    expect(readdirSync(cacheFolder())).toEqual(['place']);
  });
});
