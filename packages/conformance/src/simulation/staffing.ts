import type { Candidate } from './candidate.ts';
import { stand } from './candidate.ts';
import { Process } from './process.ts';
import type { ProcessFacts } from './process.ts';
import type { World } from './world.ts';

/** A process with its candidates, its observers, and its whims. */
export interface Staff {
  readonly process: Process;
  readonly candidates: readonly Candidate[];
}

export function employ(world: World, facts: ProcessFacts): Staff {
  const process = new Process(world, facts);
  const { dice } = process;
  const candidates = world.setting.keys.flatMap((key) => {
    const count = dice.draw({ one: 7, two: 1, none: 2 });
    return Array.from({ length: count === 'one' ? 1 : count === 'two' ? 2 : 0 }, () => stand(process, key));
  });
  for (const key of world.setting.keys) if (dice.happens(0.4)) observe(process, key);
  const staff = { process, candidates };
  void follow(staff);
  return staff;
}

function observe({ tenure, world, name, observers }: Process, key: string): void {
  const observer = `${name} sees ${key}`;
  const looking = tenure.observe(key).subscribe((leader) => {
    world.chronicle.tell({ what: 'observed', observer, key, token: leader?.token });
  });
  observers.set(observer, () => looking.unsubscribe());
}

/** What a program or an operator does now and then, at any moment, whatever else goes on. */
async function follow({ process, candidates }: Staff): Promise<void> {
  const { dice, world, tenure } = process;
  const { ttlMs, keys } = world.setting;
  for (;;) {
    await process.pass(Math.min(dice.waitMs(ttlMs), 3 * ttlMs));
    if (world.isCalm || process.isClosing) return;
    const election = candidates.length > 0 ? dice.pick(candidates).election : undefined;
    switch (dice.draw({ resign: 3, stop: 2, evict: 1, leaders: 1 })) {
      case 'resign':
        if (election) void process.expect(() => election.resign());
        break;
      case 'stop':
        if (election) void process.expect(() => pauseOf(process, election));
        break;
      case 'evict':
        world.chronicle.count('asked to step down');
        void process.expect(() => tenure.evict(dice.pick(keys)));
        break;
      case 'leaders':
        void process.expect(() => tenure.leaders());
        break;
    }
  }
}

/** Leaves the election and comes back, sometimes before it has left. */
async function pauseOf(process: Process, election: NonNullable<Candidate['election']>): Promise<void> {
  const left = election.stop();
  if (process.dice.happens(0.7)) await left;
  await process.pass(process.dice.next() * process.world.setting.ttlMs * 0.5);
  if (!process.isClosing) election.start();
  await left;
}
