import type { Clock, Instant } from '../clock.ts';
import type { Turn } from './turn.ts';

/** A pure machine and the one impure thing it needs: somebody to make its calls. One for all owners of a kind: there may be ten thousand. */
export interface Drive<Owner, State, Event, Call extends object> {
  readonly initial: State;
  /** `at` is stamped when the event's turn comes, so that no state is judged by an old reading. */
  transition(owner: Owner, state: State, event: Event, at: Instant): State;
  /** The verb that should be in flight. Another object is another call: the old one is given up. */
  callOf(state: State): Call | undefined;
  alarmOf(state: State, owner: Owner, at: Instant): Instant | undefined;
  /** Never rejects: a failure is an event too. The signal aborts when the call is given up before its answer, and only then. */
  perform(owner: Owner, call: Call, signal: AbortSignal): Promise<Event>;
  onAlarm(owner: Owner): Event;
  /** Something a turn changed. Runs inside the turn: it may queue aborts and notices, and nothing else. */
  changed(owner: Owner, before: State, after: State): void;
  /** A call is given up before its answer came: what it did is unknown. */
  abandoned(owner: Owner, call: Call): void;
}

/** Where it runs. */
export interface RuntimeSurroundings {
  readonly clock: Clock;
  readonly turn: Turn;
}

/** A call that is in flight. */
interface Attempt<Call> {
  readonly call: Call;
  readonly controller: AbortController;
  answered: boolean;
}

/** Makes reality match a machine's state: keeps its call in flight and its one alarm set, and feeds back what happens. */
export class Runtime<Owner, State, Event, Call extends object> {
  readonly #drive: Drive<Owner, State, Event, Call>;
  readonly #owner: Owner;
  readonly #of: RuntimeSurroundings;
  #state: State;
  #attempt: Attempt<Call> | undefined;
  #alarmAt: Instant | undefined;
  #cancelAlarm: (() => void) | undefined;
  #halted = false;

  constructor(drive: Drive<Owner, State, Event, Call>, owner: Owner, surroundings: RuntimeSurroundings) {
    this.#drive = drive;
    this.#owner = owner;
    this.#of = surroundings;
    this.#state = drive.initial;
  }

  get state(): State {
    return this.#state;
  }

  dispatch(event: Event): void {
    this.#of.turn.take(() => {
      const before = this.#state;
      const at = this.#of.clock.now();
      const after = this.#drive.transition(this.#owner, before, event, at);
      if (after !== before) this.#drive.changed(this.#owner, before, after);
      this.#state = after;
      if (!this.#halted) this.#match(at);
    });
  }

  /** Abort what is in flight and forget the alarm, for ever. */
  halt(): void {
    this.#halted = true;
    this.#drop();
    this.#cancelAlarm?.();
  }

  #match(at: Instant): void {
    const call = this.#drive.callOf(this.#state);
    if (call !== this.#attempt?.call) {
      this.#drop();
      if (call) this.#begin(call);
    }
    const alarm = this.#drive.alarmOf(this.#state, this.#owner, at);
    if (alarm?.monoMs === this.#alarmAt?.monoMs && alarm?.wallMs === this.#alarmAt?.wallMs) return;
    this.#cancelAlarm?.();
    this.#alarmAt = alarm;
    this.#cancelAlarm =
      alarm && this.#of.clock.alarm(alarm, () => this.dispatch(this.#drive.onAlarm(this.#owner)));
  }

  #begin(call: Call): void {
    const attempt: Attempt<Call> = { call, controller: new AbortController(), answered: false };
    this.#attempt = attempt;
    void this.#drive.perform(this.#owner, call, attempt.controller.signal).then((event) => {
      attempt.answered = true;
      if (this.#attempt === attempt) this.dispatch(event);
    });
  }

  #drop(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (!attempt || attempt.answered) return;
    this.#drive.abandoned(this.#owner, attempt.call);
    attempt.controller.abort();
  }
}
