import type { Store } from '@tenure/core';

/**
 * `floor`: the least code that does the same job on the same kind of connection. `peer`: another library. `less`: shown
 * for comparison, and does less, as a lock that dies with its connection.
 */
export type Role = 'floor' | 'tenure' | 'peer' | 'less';

/** Where contestants meet. */
export interface Spot {
  readonly url: string;
  readonly namespace: string;
  /** Of what is renewed: far longer than a measurement, so that no renewal falls into it often. */
  readonly ttlMs: number;
  openStore(): Promise<Store>;
}

export interface Hold {
  /** Resolves when the store has let go. */
  release(): Promise<unknown>;
}

/** One replica, with connections of its own. */
export interface Client {
  /** Waits its turn where somebody else holds it. */
  acquire(key: string): Promise<Hold>;
  close(): Promise<unknown>;
}

export interface Contestant {
  readonly name: string;
  readonly role: Role;
  open(spot: Spot): Promise<Client>;
  /** Removes what its clients have left in the store, when all are closed. */
  tidy?(spot: Spot): Promise<unknown>;
}

/** Who plays besides Tenure; the floor is one of them. */
export interface Field {
  readonly uncontended: readonly Contestant[];
  readonly contended: readonly Contestant[];
  readonly handover: readonly Contestant[];
}

/** Long enough for every measurement of one client. */
export const PATIENT_TTL_MS = 60_000;
