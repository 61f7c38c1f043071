import { createTenure, TenureError } from '@tenure/core';
import type { Tenure } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import { later, pause } from '@tenure/core/store';
import type { Dice } from './dice.ts';
import { rateOf } from './setting.ts';
import { calm, faultOf } from './weather.ts';
import type { Weather } from './weather.ts';
import { NAMESPACE } from './world.ts';
import type { World } from './world.ts';
import { unreliable } from '../unreliable.ts';
import type { Call, Fault } from '../unreliable.ts';
import type { ClockView } from '../virtual-clock.ts';

/** A store that is down: it refuses, or says nothing. */
const DOWN: Weather = { name: 'down', latencyMs: 0, lost: 0.5, hung: 1 };

export interface ProcessFacts {
  /** A machine keeps its name; what runs on it is numbered. */
  readonly machine: string;
  readonly nth: number;
  /** Comes back under the same id, and takes what its predecessor held. */
  readonly reclaim: boolean;
}

/** One process with its clock, its way to the store and its tenure, until it closes or is killed. */
export class Process {
  readonly world: World;
  readonly facts: ProcessFacts;
  readonly name: string;
  readonly dice: Dice;
  readonly clock: ClockView;
  readonly tenure: Tenure;
  /** Names of its candidates. */
  readonly candidates: string[] = [];
  /** Names of its observers, and the end of each. */
  readonly observers: Map<string, () => void> = new Map();
  weather: Weather;
  isDead = false;
  isClosing = false;
  /** It has run, and its clock was not set, since then: long enough, and it has looked at its clock. */
  steadySinceMs: number;
  #awaySinceMs: number | undefined;

  constructor(world: World, facts: ProcessFacts) {
    const { setting, clock, space, chronicle } = world;
    this.world = world;
    this.facts = facts;
    this.name = `${facts.machine}.${facts.nth}`;
    this.dice = world.dice.fork();
    this.clock = clock.view({ offsetMs: this.dice.between(0, 1e6), rate: rateOf(setting, this.dice) });
    this.weather = calm(setting.ttlMs);
    this.steadySinceMs = chronicle.now;
    const network = this.dice.fork();
    const store = unreliable(memory({ shared: space }), {
      clock: this.clock,
      wire: clock,
      fault: (call) => this.#fault(call, network),
      deaf: () => this.weather.deaf ?? false,
      noticeMs: () => network.next() * this.weather.latencyMs,
    });
    this.tenure = createTenure({
      store,
      namespace: NAMESPACE,
      ttlMs: setting.ttlMs,
      timing: { drift: setting.drift, marginMs: setting.marginMs },
      graceMs: setting.ttlMs,
      clock: this.clock,
      random: this.dice.fork().next,
      candidate: { id: facts.reclaim ? facts.machine : this.name, reclaim: facts.reclaim },
    });
  }

  get isAway(): boolean {
    return this.#awaySinceMs !== undefined;
  }

  /** By its own clock: stops while it is frozen, and for ever when it is killed. */
  pass(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal) return pause(this.clock, ms, signal).catch(() => {});
    return new Promise((resolve) => {
      this.clock.alarm(later(this.clock.now(), ms), resolve);
    });
  }

  /** What may fail in the way that is documented; anything else is a scandal. Resolves with what it failed with. */
  async expect(work: () => Promise<unknown>): Promise<unknown> {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (!(error instanceof TenureError)) this.world.chronicle.scandal(`${this.name}: ${String(error)}`);
      return error;
    }
  }

  freeze(kind: 'stall' | 'suspend'): void {
    this.#awaySinceMs ??= this.world.chronicle.now;
    this.clock.freeze(kind);
  }

  thaw(): void {
    if (this.#awaySinceMs === undefined) return;
    const { chronicle } = this.world;
    chronicle.tell({ what: 'away', candidates: [...this.candidates], since: this.#awaySinceMs });
    this.#awaySinceMs = undefined;
    this.steadySinceMs = chronicle.now;
    this.clock.thaw();
  }

  stepWall(ms: number): void {
    this.clock.stepWall(ms);
    this.steadySinceMs = this.world.chronicle.now;
  }

  /** Nothing closes, nobody is told. What it has sent is still on its way. */
  kill(): void {
    if (this.isDead) return;
    this.thaw();
    this.isDead = true;
    this.clock.kill();
    this.world.chronicle.tell({ what: 'died', candidates: [...this.candidates, ...this.observers.keys()] });
  }

  /** What an observer has seen last is judged at the end of the history, unless it is known not to look any more. */
  stopObserving(): void {
    for (const stop of this.observers.values()) stop();
    if (!this.world.isCalm)
      this.world.chronicle.tell({ what: 'died', candidates: [...this.observers.keys()] });
  }

  async close(): Promise<void> {
    this.isClosing = true;
    this.stopObserving();
    await this.tenure.close();
  }

  #fault(call: Call, dice: Dice): Fault {
    const { world, weather } = this;
    if (world.isDown) return faultOf(DOWN, call, dice, world.setting);
    const fault = faultOf(weather, call, dice, world.setting);
    if (fault.kind === 'late') {
      const slow = fault.requestMs + fault.answerMs > world.setting.ttlMs / 8;
      if (slow) world.chronicle.count('answered too late');
    } else world.chronicle.count(fault.kind === 'hung' && fault.applied ? 'hung, applied' : fault.kind);
    return fault;
  }
}
