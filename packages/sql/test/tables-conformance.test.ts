import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStore } from '@tenure/conformance';
import Libsql from 'libsql';
import { afterAll, describe } from 'vitest';
import { Bus, sqliteDatabase, storeOver, withBus, withoutReturning } from './tables-databases.ts';

const bus = new Bus();

describe.each([
  { manners: 'without RETURNING, polled', dress: withoutReturning },
  {
    manners: 'with notifications',
    dress: (database: ReturnType<typeof sqliteDatabase>) => withBus(database, bus),
  },
])('lease tables $manners', ({ dress }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tenure-tables-'));
  const file = join(folder, 'tenure.db');
  const operator = new Libsql(file);

  afterAll(() => {
    operator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describeStore('SQL', {
    open: () => storeOver(dress(sqliteDatabase(file))),
    ttlMs: 1000,
    deleteKey: (key) => {
      operator
        .prepare('DELETE FROM tenure_locks WHERE namespace = ? AND name = ?')
        .run([key.namespace, key.name]);
      bus.tell({ what: 'changed', key });
    },
  });
});
