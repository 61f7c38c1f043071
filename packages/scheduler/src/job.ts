/** What a schedule runs. It may return a promise; the key is held until that has settled. */
export type Job = (run: {
  /** The tick, by which a job can tell what it has done already. */
  readonly scheduledAt: Date;
  /** Fencing token of the term. Send it with every write, so that the resource can refuse a leader of the past. */
  readonly token: bigint;
  /** Aborts when the job must stop: the term ends, `atMostFor` has passed or the schedule stops. */
  readonly signal: AbortSignal;
}) => unknown;
