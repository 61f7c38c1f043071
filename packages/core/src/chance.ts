import { randomBytes } from 'node:crypto';

/** Where jitter and ids come from. */
export interface Chance {
  /** In [0, 1). */
  readonly jitter: () => number;
  /** So many random bytes, in hexadecimal digits. */
  readonly hex: (bytes: number) => string;
}

const ofTheMachine: Chance = {
  jitter: () => Math.random(),
  hex: (bytes) => randomBytes(bytes).toString('hex'),
};

/** All chance from one source, so that a test that replays the source replays everything. */
export function chanceOf(random: (() => number) | undefined): Chance {
  if (!random) return ofTheMachine;
  const byte = (): string =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0');
  return { jitter: random, hex: (bytes) => Array.from({ length: bytes }, byte).join('') };
}
