import { Observable, Subject, Subscriber } from 'rxjs';
import type { Observer, Operator, Subscription } from 'rxjs';
import type { Run } from './run.ts';

type Failed = (error: unknown) => void;

/** User code whose failure, now or later, concerns only `failed`. */
function callSafely(listener: () => unknown, failed: Failed): void {
  try {
    const result = listener();
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}

/**
 * Hot. RxJS rethrows from a timer what a subscriber throws, which would end the process: here it becomes a warning, also
 * at the end of a `pipe`.
 */
class Guarded<T> extends Observable<T> {
  readonly #failed: Failed;

  constructor(failed: Failed, from?: Observable<T>) {
    super(from && ((subscriber) => from.subscribe(subscriber)));
    this.#failed = failed;
  }

  // Operators ask their source to make the next Observable, so the guard follows along a pipe.
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new Guarded<R>(this.#failed);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }

  override subscribe(observer?: Partial<Observer<T>> | ((value: T) => void) | null): Subscription;
  override subscribe(
    next?: ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription;
  override subscribe(
    first?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // The inner link of a pipe, not user code.
    if (first instanceof Subscriber) return super.subscribe(first);
    const user: Partial<Observer<T>> =
      typeof first === 'object' && first !== null
        ? first
        : {
            ...(first ? { next: first } : {}),
            ...(error ? { error } : {}),
            ...(complete ? { complete } : {}),
          };
    const failed = this.#failed;
    return super.subscribe({
      next: (value) => callSafely(() => user.next?.(value), failed),
      error: (problem: unknown) =>
        callSafely(() => (user.error ? user.error(problem) : failed(problem)), failed),
      complete: () => callSafely(() => user.complete?.(), failed),
    });
  }
}

/** What a schedule says, and to whom. */
export class Runs {
  readonly stream: Observable<Run>;
  readonly #subject = new Subject<Run>();

  constructor(name: string) {
    this.stream = new Guarded((error) => {
      process.emitWarning(`a subscriber of schedule "${name}" threw: ${String(error)}`, 'TenureWarning');
    }, this.#subject);
  }

  tell(run: Run): void {
    this.#subject.next(run);
  }

  end(): void {
    this.#subject.complete();
  }
}
