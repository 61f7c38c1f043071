import { until } from '../servers/until.ts';
import type { Chronicle } from './chronicle.ts';
import type { Crew } from './crew.ts';

/** Far more than any promise: it only ends a storm that would hang, with a scandal. */
const PATIENCE_MS = 60_000;

/** Resolves when every process has been heard of since, and every key is led. */
export async function settled(crew: Crew, chronicle: Chronicle, since: number): Promise<void> {
  const missing = (): string[] => [
    ...crew.candidates
      .filter(({ contender }) => !contender.running || chronicle.sign(contender) <= since)
      .map(({ contender }) => `no sign of life from ${contender.id}`),
    ...crew.keys.filter((key) => !chronicle.leader(key)).map((key) => `nobody leads ${key}`),
  ];
  try {
    await until('all are back', async () => missing().length === 0 || undefined, { timeoutMs: PATIENCE_MS });
  } catch {
    const troubles = crew.candidates.map(({ contender }) => {
      const last = contender.of('trouble').at(-1);
      return `${contender.id}: ${last ? `${last.message}, at ${chronicle.ms(last.at).toFixed(0)} ms` : 'no trouble'}`;
    });
    const message = `${PATIENCE_MS} ms after all was healed: ${missing().join(', ')}. Last troubles: ${troubles.join('; ')}`;
    chronicle.add({ what: 'scandal', at: chronicle.now(), message });
  }
}
