import type { ScenarioName, Settings, StoreName } from './arguments.ts';
import type { Client, Contestant, Spot } from './contestant.ts';
import type { Place } from './place.ts';
import type { Sample, Standing } from './standing.ts';

/** A column of a scenario's table. */
interface Column {
  readonly measure: string;
  readonly title: string;
  /** Shown a second time, divided by the floor's. */
  readonly overFloor?: true;
}

export interface Scenario {
  readonly name: ScenarioName;
  /** A sentence on what is done. */
  readonly what: (settings: Settings) => string;
  readonly columns: readonly Column[];
  /** False where it makes no sense. */
  readonly suits: (store: StoreName) => boolean;
  readonly play: (place: Place, settings: Settings) => Promise<readonly Standing[]>;
}

export const spotOf = (place: Place, { namespace }: Settings, ttlMs: number): Spot => ({
  url: place.url,
  namespace,
  ttlMs,
  openStore: () => place.openStore(),
});

/** One client of each contestant at a time, and all are closed and tidied up however it ends. */
export async function withClients<T>(
  contestants: readonly Contestant[],
  count: number,
  spot: Spot,
  use: (clients: ReadonlyMap<Contestant, readonly Client[]>) => Promise<T>,
): Promise<T> {
  const open = new Map<Contestant, Client[]>();
  try {
    for (const contestant of contestants) {
      const clients: Client[] = [];
      open.set(contestant, clients);
      // One after another: some make tables.
      for (let opened = 0; opened < count; opened += 1) clients.push(await contestant.open(spot));
    }
    return await use(open);
  } finally {
    for (const [contestant, clients] of open) {
      await Promise.all(clients.map((client) => client.close()));
      await contestant.tidy?.(spot);
    }
  }
}

/** What the samples of these contestants are told as, in the order in which they were named. */
export const standingsOf = (
  scenario: ScenarioName,
  { store }: Place,
  samples: ReadonlyMap<Contestant, readonly Sample[]>,
): readonly Standing[] =>
  [...samples].map(([{ name, role }, of]) => ({ scenario, store, name, role, samples: of }));
