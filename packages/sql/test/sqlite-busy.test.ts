import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotAppliedError } from '@tenure/core/store';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqlite } from '../src/sqlite.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenure-busy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const { signal } = new AbortController();
const key = { namespace: 'test', name: 'job' };

describe('a file that another process writes to', () => {
  it('is asked again later, and what is answered from then on is there for everybody', async () => {
    const file = join(folder, 'tenure.db');
    const [store, other] = [sqlite({ file }), sqlite({ file })];
    const request = { id: '00000000000000aa', ttlMs: 60_000, name: 'test', namespace: 'test' };
    const session = await store.open(request, signal);
    const record = { id: 'a', claimId: 'one', acquiredAt: '2030-01-01T00:00:00.000Z' };
    const granted = await session.claim(key, record, signal);
    expect(granted.outcome).toBe('granted');

    const writer = new Database(file);
    writer.exec('BEGIN EXCLUSIVE');
    await expect(session.release(key, 'one', signal)).rejects.toBeInstanceOf(NotAppliedError);
    await expect(session.renew(signal)).rejects.toBeInstanceOf(NotAppliedError);
    await expect(
      session.claim({ ...key, name: 'b' }, { ...record, claimId: 'late' }, signal),
    ).rejects.toBeInstanceOf(NotAppliedError);
    writer.exec('ROLLBACK');
    writer.close();

    expect((await other.holder(key, signal))?.token).toBe(granted.outcome === 'granted' && granted.token);
    await session.release(key, 'one', signal);
    expect(await other.holder(key, signal)).toBeUndefined();
    await session.claim({ ...key, name: 'c' }, { ...record, claimId: 'two' }, signal);
    expect((await other.list({ ...key, name: '' }, signal)).map(({ key: name }) => name)).toEqual(['c']);
    await store.close();
    await other.close();
  });
});
