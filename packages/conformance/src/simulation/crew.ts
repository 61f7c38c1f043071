import type { Dice } from './dice.ts';
import { employ } from './staffing.ts';
import type { Staff } from './staffing.ts';
import type { World } from './world.ts';

/** The processes that are there. */
export class Crew {
  readonly #world: World;
  readonly #staff = new Set<Staff>();
  readonly #hired = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  get staff(): readonly Staff[] {
    return [...this.#staff];
  }

  /** @param mayReclaim its predecessor is dead for certain. */
  hire(machine: string, mayReclaim: boolean): Staff {
    const nth = (this.#hired.get(machine) ?? 0) + 1;
    this.#hired.set(machine, nth);
    const reclaim = mayReclaim && this.#world.dice.happens(0.5);
    const staff = employ(this.#world, { machine, nth, reclaim });
    this.#staff.add(staff);
    return staff;
  }

  remove(staff: Staff): void {
    this.#staff.delete(staff);
  }

  /** One that is not leaving already. */
  any(dice: Dice): Staff | undefined {
    const there = this.staff.filter(({ process }) => !process.isClosing);
    return there.length > 0 ? dice.pick(there) : undefined;
  }
}
