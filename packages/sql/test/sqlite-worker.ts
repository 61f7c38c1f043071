/** One of several processes on one file. Says a line for each thing that happened. */
import { appendFileSync, closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createTenure } from '@tenure/core';
import { migrate, sqlite } from '../src/sqlite.ts';
import { driverAt } from './sqlite-drivers.ts';

export interface WorkerPlan {
  readonly what: 'contend' | 'migrate' | 'begin';
  readonly file: string;
  /** As for `driverAt`. */
  readonly place: string;
  /** Contend: where the tokens go, one a line, in the order in which the lock was held. */
  readonly log: string;
  readonly rounds: number;
}

const plan = JSON.parse(process.argv[2] ?? '') as WorkerPlan;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A file that exists while somebody is inside; the operating system sees to it that only one makes it. */
function enter(path: string): () => void {
  for (;;) {
    try {
      const descriptor = openSync(path, 'wx');
      writeSync(descriptor, String(process.pid));
      closeSync(descriptor);
      return () => rmSync(path);
    } catch {
      const other = Number(readFileSync(path, 'utf8'));
      if (isAlive(other)) throw new Error(`process ${other} is inside, too`);
      rmSync(path);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function contend(): Promise<void> {
  const store = sqlite({ file: plan.file, driver: await driverAt(plan.place) });
  const tenure = createTenure({ store, ttlMs: 2000, namespace: 'contest' });
  say('ready');
  for (let round = 0; round < plan.rounds; round += 1) {
    await tenure.lock('job').run(async (term) => {
      const leave = enter(`${plan.log}.inside`);
      appendFileSync(plan.log, `${term.token}\n`);
      say('inside');
      await new Promise(setImmediate);
      await term.save(round);
      leave();
    });
  }
  await tenure.close();
  say('done');
}

async function begin(): Promise<void> {
  const connection = new (await driverAt(plan.place))(plan.file, { timeout: 5000 });
  connection.exec('BEGIN IMMEDIATE');
  connection.exec('UPDATE tenure_sessions SET renewals = renewals + 1');
  say('begun');
  setInterval(() => connection.open, 1000);
}

switch (plan.what) {
  case 'contend':
    await contend();
    break;
  case 'migrate':
    say('ready');
    await new Promise((resolve) => process.stdin.once('data', resolve));
    process.stdin.destroy();
    await migrate({ file: plan.file, driver: await driverAt(plan.place) });
    say('done');
    break;
  case 'begin':
    await begin();
}
