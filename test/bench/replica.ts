import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '../servers/keeper.ts';
import type { Answer, Order, ReplicaPlan, Reply } from './scale-protocol.ts';

const WORKER = fileURLToPath(new URL('replica-worker.ts', import.meta.url));
/** Far more than anything takes: it only ends what would hang. */
const PATIENCE_MS = 180_000;

interface Question {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** A process of its own, whose garbage can be collected on demand. */
export class Replica implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #asked = new Map<number, Question>();
  #numbers = 0;

  constructor(plan: ReplicaPlan) {
    this.#child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', WORKER, JSON.stringify(plan)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    guard(this.#child);
    this.#child.on('message', ({ number, body, error }: Reply) => {
      const question = this.#asked.get(number);
      this.#asked.delete(number);
      if (error === undefined) question?.resolve(body);
      else question?.reject(new Error(`a replica: ${error}`));
    });
    this.#child.on('error', () => {}); // seen as an exit
    this.#ended = once(this.#child, 'close').then(() => {
      for (const { reject } of this.#asked.values()) reject(new Error('a replica has ended'));
    });
  }

  async ask(body: Order): Promise<Answer> {
    const number = (this.#numbers += 1);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const late = `a replica did not answer "${body.order}" within ${PATIENCE_MS} ms`;
        timer = setTimeout(() => reject(new Error(late)), PATIENCE_MS);
        this.#asked.set(number, { resolve, reject });
        this.#child.send({ number, body }, (error) => error && reject(error));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Releases what it holds, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await this.ask({ order: 'close' }).catch(() => {});
    await this.kill();
  }
}
