import type { ScenarioName, StoreName } from './arguments.ts';
import type { Role } from './contestant.ts';
import { median } from './measure.ts';

/** What one run has measured of one contestant, by the measures' names. */
export type Sample = Readonly<Record<string, number>>;

/** One contestant in one scenario on one store: a sample for each run, and runs have the same order for all. */
export interface Standing {
  readonly scenario: ScenarioName;
  readonly store: StoreName;
  readonly name: string;
  readonly role: Role;
  readonly samples: readonly Sample[];
}

/** The median of the runs; undefined where it was not measured. */
export function valueOf({ samples }: Standing, measure: string): number | undefined {
  const values = samples.map((sample) => sample[measure]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

/** The median of what the runs say, each by itself: the machine is another one in every run. */
export function ratioOf(of: Standing, over: Standing, measure: string): number | undefined {
  const ratios = of.samples.flatMap((sample, run) => {
    const [ours, theirs] = [sample[measure], over.samples[run]?.[measure]];
    return ours === undefined || theirs === undefined ? [] : [ours / theirs];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}

export const floorAmong = (
  all: readonly Standing[],
  { scenario, store }: Pick<Standing, 'scenario' | 'store'>,
): Standing | undefined =>
  all.find((one) => one.scenario === scenario && one.store === store && one.role === 'floor');
