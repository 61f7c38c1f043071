import Database from 'libsql';
import type { Cut } from './venue.ts';

/**
 * What a black hole is to a file: somebody holds its write lock, and nobody's writes get through, neither the
 * leader's nor the challenger's.
 */
export class FileLock implements Cut {
  readonly address = undefined;
  readonly #database: InstanceType<typeof Database>;

  constructor(file: string) {
    this.#database = new Database(file, { timeout: 10_000 });
  }

  blackHole(): void {
    this.#database.exec('BEGIN EXCLUSIVE');
  }

  async pass(): Promise<void> {
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
  }

  async close(): Promise<void> {
    await this.pass();
    this.#database.close();
  }
}
