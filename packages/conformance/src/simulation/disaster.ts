import { memory } from '@tenure/core/memory';
import { later } from '@tenure/core/store';
import type { Key, Store } from '@tenure/core/store';
import type { Crew } from './crew.ts';
import type { Staff } from './staffing.ts';
import { calm, weatherOf } from './weather.ts';
import { NAMESPACE } from './world.ts';
import type { World } from './world.ts';

const { signal } = new AbortController();

const weights = { weather: 10, stall: 3, suspend: 2, crash: 2, leave: 1, clock: 2, restart: 1 };
const betrayals = {
  'sessions lost': 2,
  'session ended': 1,
  'key deleted': 2,
  'key stolen': 1,
  'taken by force': 2,
};

/** Makes things go wrong in one history, and right again. */
export class Disasters {
  readonly #world: World;
  readonly #crew: Crew;
  readonly #server: Store;
  /** What is still to be made good. */
  readonly #open = new Set<() => void>();

  constructor(world: World, crew: Crew) {
    this.#world = world;
    this.#crew = crew;
    // An operator at the server itself: nothing of it gets lost.
    this.#server = memory({ shared: world.space });
  }

  async strike(): Promise<void> {
    const { dice, setting } = this.#world;
    const kind = setting.faithless && dice.happens(0.25) ? dice.draw(betrayals) : dice.draw(weights);
    switch (kind) {
      case 'restart':
        return this.#restart();
      case 'sessions lost':
      case 'session ended':
      case 'key deleted':
      case 'key stolen':
      case 'taken by force':
        return this.#betray(kind);
      default:
        return this.#disturb(kind);
    }
  }

  /** Everything goes right from now on. */
  async end(): Promise<void> {
    for (const heal of this.#open) heal();
    await this.#server.close();
  }

  #disturb(kind: 'weather' | 'stall' | 'suspend' | 'crash' | 'leave' | 'clock'): void {
    const { dice, setting, chronicle } = this.#world;
    const { ttlMs, wild } = setting;
    const staff = this.#crew.any(dice);
    if (!staff) return;
    const { process } = staff;
    const isSteady = !process.isAway && chronicle.now - process.steadySinceMs > ttlMs / 4;
    switch (kind) {
      case 'weather':
        process.weather = weatherOf(dice, setting);
        this.#fault(process.weather.name);
        this.#later(1.5, () => (process.weather = calm(ttlMs)));
        return;
      case 'stall':
      case 'suspend':
        // A clock that was set back just before a suspend is what goes unseen.
        if (process.isAway || (kind === 'suspend' && !wild && !isSteady)) return;
        this.#fault(kind);
        process.freeze(kind);
        this.#later(0.8, () => process.thaw());
        return;
      case 'clock': {
        if (!wild && !isSteady) return;
        const stepMs = dice.pick([-1, -1, 1]) * dice.next() ** 3 * 100 * ttlMs;
        this.#fault(stepMs < 0 ? 'clock set back' : 'clock set forward');
        process.stepWall(stepMs);
        return;
      }
      case 'crash':
        this.#fault('crash');
        process.kill();
        this.#replace(staff);
        return;
      case 'leave':
        if (process.isAway) return;
        this.#fault('replaced');
        void process.close().then(() => this.#crew.remove(staff));
        this.#replace(staff);
    }
  }

  #replace(staff: Staff): void {
    // Where it may come back under its own name, it must be gone.
    const { isDead, facts } = staff.process;
    if (isDead) this.#crew.remove(staff);
    this.#later(0.7, () => this.#crew.hire(facts.machine, isDead));
  }

  #restart(): void {
    const world = this.#world;
    if (world.isDown) return;
    this.#fault('store down');
    world.isDown = true;
    this.#later(0.5, () => (world.isDown = false));
  }

  /** The store breaks its word: terms may overlap until their holders have noticed, by their own deadline at the latest. */
  async #betray(kind: keyof typeof betrayals): Promise<void> {
    const { dice, setting, space, chronicle } = this.#world;
    const name = dice.pick(setting.keys);
    const key: Key = { namespace: NAMESPACE, name };
    const holder = await this.#server.holder(key, signal);
    const excusesMs = setting.ttlMs * 1.01;
    switch (kind) {
      case 'sessions lost': {
        chronicle.tell({ what: 'fault', fault: kind, excusesMs });
        const all = dice.happens(0.5);
        for (const id of space.sessions()) if (all || dice.happens(0.3)) await this.#endSession(id);
        return;
      }
      case 'session ended':
        if (!holder) return;
        chronicle.tell({ what: 'fault', fault: kind, excusesMs });
        await this.#server.endSession(key, holder.token, signal);
        return;
      case 'key deleted':
        chronicle.tell({ what: 'fault', fault: kind, excusesMs, keys: [name] });
        space.deleteKey(key);
        return;
      case 'key stolen':
        chronicle.tell({ what: 'fault', fault: kind, excusesMs, keys: [name] });
        space.deleteKey(key);
        return this.#steal(key);
      case 'taken by force':
        if (!holder) return;
        chronicle.tell({ what: 'fault', fault: kind, excusesMs, keys: [name] });
        await this.#server.evict(key, holder.token, { force: true }, signal);
    }
  }

  /** Without a word to whoever has it. */
  async #endSession(id: string): Promise<void> {
    const [request = ''] = id.split('.');
    const session = await this.#server.open(
      { id: request, ttlMs: this.#world.setting.ttlMs, name: 'operator', namespace: NAMESPACE },
      signal,
    );
    await session.close(signal);
  }

  /** Another program takes the key for a while. */
  async #steal(key: Key): Promise<void> {
    const { dice, setting } = this.#world;
    const id = `thief${Math.floor(dice.next() * 1e9)}`;
    const session = await this.#server.open(
      { id, ttlMs: setting.ttlMs * 100, name: 'thief', namespace: NAMESPACE },
      signal,
    );
    const acquiredAt = '2030-01-01T00:00:00.000Z';
    await session.claim(key, { id, claimId: id, acquiredAt }, signal);
    this.#later(0.5, () => void session.close(signal));
  }

  #fault(fault: string): void {
    this.#world.chronicle.tell({ what: 'fault', fault });
  }

  /** Made good after so many TTLs on average, or when everything is. */
  #later(meanTtls: number, heal: () => void): void {
    const { clock, dice, setting } = this.#world;
    const once = (): void => {
      if (!this.#open.delete(once)) return;
      cancel();
      heal();
    };
    this.#open.add(once);
    const afterMs = Math.min(dice.waitMs(meanTtls * setting.ttlMs), 4 * setting.ttlMs);
    const cancel = clock.alarm(later(clock.now(), afterMs), once);
  }
}
