import { BehaviorSubject, EMPTY, Observable, Subscription, distinctUntilChanged, map, switchMap } from 'rxjs';
import type { Clock, Instant } from '../clock.ts';
import type { Turn } from './turn.ts';

/** A pure machine and the one impure thing it needs: somebody to make its calls. */
export interface Drive<State, Event, Call extends object> {
  readonly initial: State;
  readonly clock: Clock;
  readonly turn: Turn;
  /** `at` is stamped when the event's turn comes, so that no state is judged by an old reading. */
  transition(state: State, event: Event, at: Instant): State;
  /** The verb that should be in flight. Another object is another call: the old one is aborted. */
  callOf(state: State): Call | undefined;
  alarmOf(state: State, at: Instant): Instant | undefined;
  /** Never rejects: a failure is an event too. `abandoned` says whether the call was aborted before its answer. */
  perform(call: Call, signal: AbortSignal): Promise<Event>;
  onAlarm(): Event;
  /** Something a turn changed. Runs inside the turn: it may queue aborts and notices, and nothing else. */
  changed(before: State, after: State): void;
  /** A call was aborted before its answer came: what it did is unknown. */
  abandoned?(call: Call): void;
}

/** Makes reality match a machine's state: keeps its call in flight and its one alarm set, and feeds back what happens. */
export class Runtime<State, Event, Call extends object> {
  readonly #drive: Drive<State, Event, Call>;
  readonly #states: BehaviorSubject<{ readonly state: State; readonly at: Instant }>;
  readonly #subscription = new Subscription();

  constructor(drive: Drive<State, Event, Call>) {
    this.#drive = drive;
    this.#states = new BehaviorSubject({ state: drive.initial, at: drive.clock.now() });
    const calls = this.#states.pipe(
      map(({ state }) => drive.callOf(state)),
      distinctUntilChanged(),
      switchMap((call) => (call ? this.#attempt(call) : EMPTY)),
    );
    const alarms = this.#states.pipe(
      map(({ state, at }) => drive.alarmOf(state, at)),
      distinctUntilChanged((a, b) => a?.monoMs === b?.monoMs && a?.wallMs === b?.wallMs),
      switchMap((at) => (at ? this.#alarm(at) : EMPTY)),
    );
    const dispatch = (event: Event): void => this.dispatch(event);
    this.#subscription.add(calls.subscribe(dispatch));
    this.#subscription.add(alarms.subscribe(dispatch));
  }

  get state(): State {
    return this.#states.value.state;
  }

  dispatch(event: Event): void {
    this.#drive.turn.take(() => {
      const before = this.state;
      const at = this.#drive.clock.now();
      const after = this.#drive.transition(before, event, at);
      if (after !== before) this.#drive.changed(before, after);
      this.#states.next({ state: after, at });
    });
  }

  /** Abort what is in flight and forget the alarm, for ever. */
  halt(): void {
    this.#subscription.unsubscribe();
  }

  #attempt(call: Call): Observable<Event> {
    return new Observable((subscriber) => {
      const controller = new AbortController();
      let answered = false;
      void this.#drive.perform(call, controller.signal).then((event) => {
        answered = true;
        subscriber.next(event);
      });
      return () => {
        if (!answered) this.#drive.abandoned?.(call);
        controller.abort();
      };
    });
  }

  #alarm(at: Instant): Observable<Event> {
    return new Observable((subscriber) =>
      this.#drive.clock.alarm(at, () => subscriber.next(this.#drive.onAlarm())),
    );
  }
}
