import { Subject } from 'rxjs';
import type { Observable } from 'rxjs';
import { Stream } from './stream.ts';

/** A hot stream, told to whoever listens by then. */
export class Relay<T> {
  readonly stream: Observable<T>;
  readonly #subject = new Subject<T>();

  /** `first`: what a new subscriber is told at once. */
  constructor(failed: (error: unknown) => void, first?: () => T | undefined) {
    this.stream = new Stream(failed, (subscriber) => {
      const value = first?.();
      if (value !== undefined) subscriber.next(value);
      return this.#subject.subscribe(subscriber);
    });
  }

  get isHeard(): boolean {
    return this.#subject.observed;
  }

  next(value: T): void {
    this.#subject.next(value);
  }
}
