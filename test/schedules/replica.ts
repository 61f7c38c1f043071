import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '../servers/keeper.ts';
import type { Plan, Telling } from './protocol.ts';

const WORKSPACE = fileURLToPath(new URL('../..', import.meta.url));
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** A process with the schedules, seen from outside. */
export class Replica {
  readonly ended: Promise<unknown>;
  readonly #process: ChildProcess;

  constructor(plan: Plan, tell: (replica: Replica, telling: Telling) => void) {
    this.#process = spawn(process.execPath, ['--import', 'tsx', WORKER, JSON.stringify(plan)], {
      cwd: WORKSPACE,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    guard(this.#process);
    this.#process.on('message', (telling: Telling) => tell(this, telling));
    this.ended = once(this.#process, 'close');
  }

  order(order: 'resign' | 'close'): void {
    this.#process.send(order, () => {});
  }

  kill(): Promise<unknown> {
    this.#process.kill('SIGKILL');
    return this.ended;
  }
}
