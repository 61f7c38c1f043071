import { Stream } from '@tenure/core/stream';
import { Subject } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Run } from './run.ts';

/** What a schedule says, and to whom. */
export class Runs {
  readonly stream: Observable<Run>;
  readonly #subject = new Subject<Run>();

  constructor(name: string) {
    this.stream = new Stream(
      (error) => {
        process.emitWarning(`a subscriber of schedule "${name}" threw: ${String(error)}`, 'TenureWarning');
      },
      (subscriber) => this.#subject.subscribe(subscriber),
    );
  }

  tell(run: Run): void {
    this.#subject.next(run);
  }

  end(): void {
    this.#subject.complete();
  }
}
