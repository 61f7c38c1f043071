import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStore } from '@tenure/conformance';
import { afterAll, describe } from 'vitest';
import { sqlite } from '../src/sqlite.ts';
import { driverAt, driverPlaces, nameOfDriver } from './sqlite-drivers.ts';

for (const place of await driverPlaces()) {
  const driver = await driverAt(place);
  describe(`by ${nameOfDriver(place)}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'tenure-sqlite-'));
    const file = join(folder, 'tenure.db');
    const operator = new driver(file, { timeout: 1000 });

    afterAll(() => {
      operator.close();
      rmSync(folder, { recursive: true, force: true });
    });

    describeStore('sqlite', {
      open: () => sqlite({ file, driver }),
      ttlMs: 1000,
      deleteKey: ({ namespace, name }) => {
        operator.prepare('DELETE FROM tenure_locks WHERE namespace = ? AND name = ?').run([namespace, name]);
      },
      leftovers: (namespace, requestIds) => {
        const keys = operator
          .prepare('SELECT name FROM tenure_locks WHERE namespace = ? AND session_id IS NOT NULL')
          .all([namespace]);
        const sessions = operator.prepare('SELECT id FROM tenure_sessions').all([]) as { id: string }[];
        return [
          ...(keys as { name: string }[]).map(({ name }) => name),
          ...sessions.map(({ id }) => id).filter((id) => requestIds.includes(id)),
        ];
      },
    });
  });
}
