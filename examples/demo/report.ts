/** What a worker tells the stage, and the other way round. Plain data: it crosses a process boundary. */
export type Report = {
  /** Nanoseconds of the monotonic clock, which all processes of one machine share. */
  readonly at: bigint;
} & (
  | { readonly what: 'standing' }
  | { readonly what: 'acquired'; readonly token: bigint }
  /** At `at` the worker asked its term whether it is current, and it was. */
  | { readonly what: 'current'; readonly token: bigint }
  | {
      readonly what: 'ended';
      readonly token: bigint;
      readonly kind: 'released' | 'lost';
      readonly reason: string;
    }
  | { readonly what: 'trouble'; readonly message: string }
);

export type Order = 'resign' | 'leave';

export interface Part {
  readonly name: string;
  readonly namespace: string;
  readonly ttlMs: number;
}

export const now = (): bigint => process.hrtime.bigint();

export const msBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e6;
