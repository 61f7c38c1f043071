/** Why a term ended. */
export type EndReason =
  | 'released'
  | 'expired'
  | 'session-invalidated'
  | 'key-deleted'
  | 'superseded'
  | 'evicted'
  | 'stalled'
  | 'clock-jump'
  | 'max-hold'
  | 'closed';

/** How a term ended. */
export interface Ending {
  readonly claimId: string;
  readonly kind: 'released' | 'lost';
  readonly reason: EndReason;
  /** The work it guarded was told to stop, and had not, when the key went. */
  readonly overrun: boolean;
}
