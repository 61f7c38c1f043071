/** What the scenarios and their replicas, each a process of its own, say to one another. */

export interface ReplicaPlan {
  readonly storeUrl: string;
  readonly namespace: string;
  readonly ttlMs: number;
}

export type Order =
  /** Stand for these keys, and answer when all are led. */
  | { readonly order: 'lead'; readonly keys: readonly string[] }
  /** Stand for these keys, and answer when somebody else is seen to lead all of them. */
  | { readonly order: 'follow'; readonly keys: readonly string[] }
  | { readonly order: 'resign'; readonly key: string }
  /** Answer when that key is led, by the clock of the machine. */
  | { readonly order: 'won'; readonly key: string }
  /** Hold so many keys with the floor's client, as many at once as it bears. */
  | { readonly order: 'claim by the floor'; readonly store: string; readonly count: number }
  | { readonly order: 'measure' }
  /** Answer with the next renewal. */
  | { readonly order: 'calm' }
  | { readonly order: 'close' };

export interface Answer {
  readonly tookMs?: number;
  /** CLOCK_MONOTONIC, which all processes of a machine share. */
  readonly at?: bigint;
  /** After a collection of garbage, in bytes. */
  readonly heap?: number;
  /** Of a map from keys to records: what whoever holds so many keys must remember. */
  readonly recordsHeap?: number;
  readonly connections?: number;
  readonly renewals?: number;
}

export interface Envelope<Body> {
  readonly number: number;
  readonly body: Body;
}

export type Reply = Envelope<Answer> & { readonly error?: string };
