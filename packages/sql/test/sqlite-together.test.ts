import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { sqlite } from '../src/sqlite.ts';
import { temporaryFolder } from './sqlite-files.ts';
import { granted, keyOf, sessionOf, signal } from './sqlite-store.ts';

async function scene() {
  const database = new Libsql(join(await temporaryFolder(), 'tenure.db'));
  let commits = 0;
  const exec = database.exec.bind(database);
  Object.assign(database, {
    exec: (text: string) => {
      if (text === 'COMMIT') commits += 1;
      return exec(text);
    },
  });
  const store = sqlite({ database });
  const session = await sessionOf(store);
  /** How often the disk is waited for. */
  const commitsOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = commits;
    await work();
    return commits - before;
  };
  return { session, commitsOf, store };
}

describe('claims and releases of SQLite', () => {
  it('cost one transaction each when they are alone', async () => {
    const { session, commitsOf, store } = await scene();
    let claimId = '';
    expect(await commitsOf(async () => ({ claimId } = await granted(session, keyOf('job'))))).toBe(1);
    expect(await commitsOf(() => session.release(keyOf('job'), claimId, signal))).toBe(1);
    await store.close();
  });

  it('share transactions when they come together, and the tokens of each key rise', async () => {
    const { session, commitsOf, store } = await scene();
    const names = Array.from({ length: 64 }, (_, i) => `job ${i}`);
    const grantAll = () => Promise.all(names.map((name) => granted(session, keyOf(name))));
    let first: Awaited<ReturnType<typeof grantAll>> = [];
    expect(await commitsOf(async () => (first = await grantAll()))).toBeLessThanOrEqual(2);
    const releaseAll = () =>
      Promise.all(first.map(({ key, claimId }) => session.release(key, claimId, signal)));
    expect(await commitsOf(releaseAll)).toBeLessThanOrEqual(2);
    const again = await grantAll();
    for (const [i, { token }] of again.entries()) expect(token).toBeGreaterThan(first[i]!.token);
    await store.close();
  });
});
