import type { Scandal, TrueMs } from '@tenure/conformance/history';

/** What a term found, and what was acknowledged to terms: `[token, count]` as JSON, so that all have an order. */
export interface Found {
  readonly at: TrueMs;
  readonly key: string;
  readonly token: bigint;
  readonly checkpoint: string | undefined;
}

export interface Acknowledged {
  readonly at: TrueMs;
  readonly key: string;
  readonly token: bigint;
  readonly checkpoint: string;
}

interface Place {
  readonly token: bigint;
  readonly count: number;
}

const placeOf = (checkpoint: string): Place => {
  const [token, count] = JSON.parse(checkpoint) as [string, number];
  return { token: BigInt(token), count };
};

const isBefore = (a: Place, b: Place): boolean =>
  a.token < b.token || (a.token === b.token && a.count < b.count);

/**
 * A term finds what was last acknowledged to a term before it, or what was saved later without an answer, and nothing of
 * a term after it. Where the store was made to break its word in between, it may have lost it.
 */
export function lostCheckpoints(
  finds: readonly Found[],
  saves: readonly Acknowledged[],
  broken: readonly { readonly from: TrueMs; readonly to: TrueMs }[],
): Scandal[] {
  const places = saves.map((save) => ({ ...save, place: placeOf(save.checkpoint) }));
  return finds.flatMap(({ at, key, token, checkpoint }): Scandal[] => {
    const found = checkpoint === undefined ? { token: 0n, count: 0 } : placeOf(checkpoint);
    const scandal = (trouble: string): Scandal[] => [
      {
        what: 'scandal',
        at,
        message: `term ${token} of ${key} found ${checkpoint ?? 'no checkpoint'}${trouble}`,
      },
    ];
    if (found.token >= token) return scandal(', which no term before it can have saved');
    const lost = places.find(
      (save) =>
        save.key === key &&
        save.token < token &&
        isBefore(found, save.place) &&
        !broken.some(({ from, to }) => from <= at && save.at <= to),
    );
    return lost ? scandal(`, and ${lost.checkpoint} had been acknowledged at ${lost.at.toFixed(0)} ms`) : [];
  });
}
