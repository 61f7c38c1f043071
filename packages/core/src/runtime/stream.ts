import { Observable, Subscriber } from 'rxjs';
import type { Observer, Operator, Subscription, TeardownLogic } from 'rxjs';
import { callSafely } from './emitter.ts';

type Failed = (error: unknown) => void;

/**
 * An Observable whose subscribers cannot crash the process: RxJS rethrows what a `next` handler throws from a timer,
 * and reports an error nobody handles the same way. Here both go to `failed` (S10), also at the end of a `pipe`.
 */
export class Stream<T> extends Observable<T> {
  readonly #failed: Failed;

  constructor(failed: Failed, subscribe?: (subscriber: Subscriber<T>) => TeardownLogic) {
    super(subscribe);
    this.#failed = failed;
  }

  // RxJS's operators ask their source to make the next Observable, so the guard follows along a pipe.
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new Stream<R>(this.#failed);
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
