import { join } from 'node:path';
import Database from 'libsql';
import { expect, it, onTestFinished } from 'vitest';
import { Stage } from './stage.ts';

interface Row {
  readonly job: number;
  readonly fence: number;
}

function ledgerOf(stage: Stage): readonly Row[] {
  const database = new Database(join(stage.folder, 'ledger.db'));
  try {
    return database.prepare('SELECT job, fence FROM ledger ORDER BY rowid').all() as Row[];
  } finally {
    database.close();
  }
}

const JOBS = 60;
const CRASH_AT = 8;

it('queue.ts: every job is done, in order, and again only where a consumer died before it had saved', async () => {
  const stage = await Stage.open();
  onTestFinished(() => stage.close());
  const start = (...more: string[]) => stage.start('queue.ts', '--jobs', `${JOBS}`, '--ttl', '3s', ...more);
  const first = start('--crash', `${CRASH_AT}`);
  await stage.hear(/job 1 done/);
  const others = [start(), start()];
  expect(await first.ending).toEqual({ code: null, signal: 'SIGKILL' });

  const [, pid] = await stage.hear(
    new RegExp(`^(\\d+): we consume, with token \\d+, after job ${CRASH_AT - 1}$`, 'm'),
  );
  const second = others.find((other) => other.pid === Number(pid))!;
  const third = others.find((other) => other !== second)!;
  await stage.hear(/job 20 done/);
  expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await third.ending).toEqual({ code: 0, signal: null });

  const rows = ledgerOf(stage);
  expect(new Set(rows.map(({ job }) => job))).toEqual(
    new Set(Array.from({ length: JOBS }, (_, index) => index + 1)),
  );
  expect(rows.filter(({ job }) => job === CRASH_AT)).toHaveLength(2);
  const outOfOrder = rows.filter(({ job, fence }, index) => {
    const before = rows[index - 1] ?? { job: 0, fence: 0 };
    const isAgain = job === before.job && fence > before.fence;
    return !isAgain && !(job === before.job + 1 && fence >= before.fence);
  });
  expect(outOfOrder).toEqual([]);
  expect(stage.complaints).toBe('');
});

it('queue.ts: the ledger refuses who is of the past', async () => {
  const stage = await Stage.open();
  onTestFinished(() => stage.close());
  const database = new Database(join(stage.folder, 'ledger.db'));
  database.exec('CREATE TABLE ledger (job INTEGER NOT NULL, fence INTEGER NOT NULL)');
  database.exec(`INSERT INTO ledger VALUES (0, ${2n ** 62n})`);
  database.close();
  const { code } = await stage.start('queue.ts').ending;
  expect(code).toBe(1);
  expect(stage.complaints).toMatch(/job 1 was refused: token \d+ is of the past/);
  expect(stage.said).not.toContain('done');
});
