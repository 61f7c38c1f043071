import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serversFolder } from './keeper.ts';

const run = promisify(execFile);
const MEGABYTE = 1 << 20;
const SIZE_MB = 64;

/** A small file system in memory, of its own, so that it can be full without hurting anybody else. Needs root. */
export class Disk {
  readonly folder: string;
  readonly #ballast: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#ballast = join(folder, 'ballast');
  }

  /** @throws when it may not be mounted here */
  static async mount(): Promise<Disk> {
    // The keeper of that folder looks for file systems of this name when this process is gone.
    const folder = join(serversFolder(), randomUUID(), 'disk');
    await mkdir(folder, { recursive: true });
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tenure', folder]);
    } catch (error) {
      throw new Error(`no file system can be mounted: ${String(error).trim()}`, { cause: error });
    }
    return new Disk(folder);
  }

  /** Not a byte is left. */
  async fill(): Promise<void> {
    await using file = await open(this.#ballast, 'w');
    for (const bytes of [MEGABYTE, 4096, 1]) {
      const piece = Buffer.alloc(bytes);
      try {
        for (;;) await file.appendFile(piece);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  }

  async free(): Promise<void> {
    await rm(this.#ballast, { force: true });
  }

  async close(): Promise<void> {
    await run('umount', ['-l', this.folder]);
    await rm(this.folder, { recursive: true, force: true });
  }
}
