export const guarantees = ['at-most-once', 'at-least-once'] as const;
export type Guarantee = (typeof guarantees)[number];

export interface Plan {
  readonly storeUrl: string;
  readonly ttlMs: number;
  /** A run takes so long at most. */
  readonly workMs: number;
  /** A file that all replicas append to. */
  readonly log: string;
}

export type Telling = { readonly what: 'leads' } | { readonly what: 'scandal'; readonly message: string };
