/** What everything costs at one moment at which nothing happens but renewals. */
export interface Measurement {
  readonly when: 'start' | 'middle' | 'end';
  /** In bytes, of the processes that were never restarted, after their garbage has been collected. */
  readonly heap: number;
  readonly rss: number;
  /** Of all processes, by kind, but for timers. */
  readonly handles: Readonly<Record<string, number>>;
  readonly timers: number;
  /** On sessions and on the signals of terms. */
  readonly listeners: number;
  /** At the server. */
  readonly connections: number;
  readonly sessions: number;
  readonly renewalsPerSecond: number;
  /** By the server's own count; bytes where it has none. */
  readonly requestsPerSecond: number;
  /** Terms that were given up, and processes that were ended and begun anew, up to now. */
  readonly resigned: number;
  readonly restarts: number;
  /** Terms that the processes of this moment have lost; on a machine that is too busy a few may be. */
  readonly lost: number;
}

/** How much more than in the middle there may be in the end. */
const SLACK = { heap: 1.2, renewals: 1.2 } as const;

const MEGABYTE = 2 ** 20;

/**
 * What is worse in the end than in the middle, beyond the slack: by a fifth for memory and renewals, by nothing for what
 * is counted. So many sockets there may be in any case, for a pool opens them as it needs them; so many timers, for a
 * waiter has one, or none while it asks; and so many renewals a second more, for each session may have one more in the
 * time in which they are counted.
 */
export function growths(
  middle: Measurement,
  end: Measurement,
  {
    sockets,
    timers,
    renewals,
  }: { readonly sockets: number; readonly timers: number; readonly renewals: number },
): readonly string[] {
  const counted = [...new Set([...Object.keys(middle.handles), ...Object.keys(end.handles)])].map((kind) => ({
    what: `handles (${kind})`,
    before: middle.handles[kind] ?? 0,
    after: end.handles[kind] ?? 0,
    most: Math.max(middle.handles[kind] ?? 0, kind === 'TCPSocketWrap' ? sockets : 0),
  }));
  const compared = [
    { what: 'heap', before: middle.heap, after: end.heap, most: middle.heap * SLACK.heap },
    ...counted,
    {
      what: 'timers',
      before: middle.timers,
      after: end.timers,
      most: Math.max(middle.timers, timers),
    },
    ...(['listeners', 'connections', 'sessions'] as const).map((what) => ({
      what,
      before: middle[what],
      after: end[what],
      most: Math.max(middle[what], what === 'connections' ? sockets : 0),
    })),
    {
      what: 'renewals per second',
      before: middle.renewalsPerSecond,
      after: end.renewalsPerSecond,
      most: middle.renewalsPerSecond * SLACK.renewals + renewals,
    },
  ];
  return compared
    .filter(({ after, most }) => after > most)
    .map(({ what, before, after }) => `${what}: ${before} in the middle, ${after} in the end`);
}

/** A row of the table. */
export function row(measured: Measurement): Record<string, string | number> {
  const handles = Object.values(measured.handles).reduce((sum, count) => sum + count, 0);
  const { when, timers, listeners, connections, sessions, resigned, restarts, lost } = measured;
  return {
    when,
    'heap MB': Number((measured.heap / MEGABYTE).toFixed(1)),
    'RSS MB': Number((measured.rss / MEGABYTE).toFixed(0)),
    handles,
    timers,
    listeners,
    connections,
    sessions,
    'renewals/s': Number(measured.renewalsPerSecond.toFixed(2)),
    'requests/s': Number(measured.requestsPerSecond.toFixed(1)),
    resigned,
    restarts,
    lost,
  };
}
