import type { Key, Store } from '@tenure/core/store';

/** Two clients of one database, each with connections of its own. */
export interface Venue extends AsyncDisposable {
  readonly name: string;
  /** How many rounds may be under way at a time. */
  readonly lanes: number;
  readonly holder: Store;
  readonly thief: Store;
  /** Sets the end of that session's life, by the database's clock, whatever its TTL. */
  expireIn(sessionId: string, us: number): Promise<void>;
}

/** How the other one goes for a key: true when it has it. */
export type Steal = (key: Key) => Promise<boolean>;
