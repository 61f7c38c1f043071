import type { Clock, Instant } from '../clock.ts';
import type { Turn } from './turn.ts';

/** A pure machine and the one impure thing it needs: somebody to make its calls. */
export interface Drive<State, Event, Call extends object> {
  readonly initial: State;
  readonly clock: Clock;
  readonly turn: Turn;
  /** `at` is stamped when the event's turn comes, so that no state is judged by an old reading. */
  transition(state: State, event: Event, at: Instant): State;
  /** The verb that should be in flight. Another object is another call: the old one is given up. */
  callOf(state: State): Call | undefined;
  alarmOf(state: State, at: Instant): Instant | undefined;
  /** Never rejects: a failure is an event too. The signal aborts when the call is given up before its answer, and only then. */
  perform(call: Call, signal: AbortSignal): Promise<Event>;
  onAlarm(): Event;
  /** Something a turn changed. Runs inside the turn: it may queue aborts and notices, and nothing else. */
  changed(before: State, after: State): void;
  /** A call is given up before its answer came: what it did is unknown. */
  abandoned?(call: Call): void;
}

/** A call that is in flight. */
interface Attempt<Call> {
  readonly call: Call;
  readonly controller: AbortController;
  answered: boolean;
}

/** Makes reality match a machine's state: keeps its call in flight and its one alarm set, and feeds back what happens. */
export class Runtime<State, Event, Call extends object> {
  readonly #drive: Drive<State, Event, Call>;
  #state: State;
  #attempt: Attempt<Call> | undefined;
  #alarmAt: Instant | undefined;
  #cancelAlarm = (): void => {};
  #halted = false;

  constructor(drive: Drive<State, Event, Call>) {
    this.#drive = drive;
    this.#state = drive.initial;
    this.#match(drive.clock.now());
  }

  get state(): State {
    return this.#state;
  }

  dispatch(event: Event): void {
    this.#drive.turn.take(() => {
      const before = this.#state;
      const at = this.#drive.clock.now();
      const after = this.#drive.transition(before, event, at);
      if (after !== before) this.#drive.changed(before, after);
      this.#state = after;
      if (!this.#halted) this.#match(at);
    });
  }

  /** Abort what is in flight and forget the alarm, for ever. */
  halt(): void {
    this.#halted = true;
    this.#drop();
    this.#cancelAlarm();
  }

  #match(at: Instant): void {
    const call = this.#drive.callOf(this.#state);
    if (call !== this.#attempt?.call) {
      this.#drop();
      if (call) this.#begin(call);
    }
    const alarm = this.#drive.alarmOf(this.#state, at);
    if (alarm?.monoMs === this.#alarmAt?.monoMs && alarm?.wallMs === this.#alarmAt?.wallMs) return;
    this.#cancelAlarm();
    this.#alarmAt = alarm;
    this.#cancelAlarm = alarm
      ? this.#drive.clock.alarm(alarm, () => this.dispatch(this.#drive.onAlarm()))
      : () => {};
  }

  #begin(call: Call): void {
    const attempt: Attempt<Call> = { call, controller: new AbortController(), answered: false };
    this.#attempt = attempt;
    void this.#drive.perform(call, attempt.controller.signal).then((event) => {
      attempt.answered = true;
      if (this.#attempt === attempt) this.dispatch(event);
    });
  }

  #drop(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (!attempt || attempt.answered) return;
    this.#drive.abandoned?.(attempt.call);
    attempt.controller.abort();
  }
}
