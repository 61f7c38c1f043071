import { randomBytes } from 'node:crypto';
import { redactUrl } from '@tenure/core/store';
import { openVenue, venueKinds } from '../../test/servers/venue.ts';
import type { VenueKind } from '../../test/servers/venue.ts';
import type { Part } from './report.ts';

/** Where the demo plays: a store that every worker opens for itself. */
export interface Stage {
  readonly store: string;
  readonly storeUrl: string;
  readonly ttlMs: number;
  /** Why the takeover from a killed leader takes its time. */
  readonly took: string;
  part(name: string): Part;
  close(): Promise<void>;
}

const NAMES: Readonly<Record<VenueKind, string>> = {
  sqlite: 'SQLite',
  etcd: 'etcd',
  consul: 'Consul',
  redis: 'Redis',
  postgres: 'PostgreSQL',
  mariadb: 'MariaDB',
};

const TTL_MS = 3000;
/** Consul's own shortest TTL, unless its agents are configured for less, as those are that we start. */
const CONSUL_TTL_MS = 10_000;

const TOOK = 'the TTL, counted from its last sign of life';
const TOOK_CONSUL = 'the TTL, and up to as much again that Consul grants the silent';

/**
 * A temporary SQLite file, a server that is started for the demo, or whatever the URL names.
 * @throws Error with what would be right when `wanted` is none of these, or the server cannot be had.
 */
export async function findStage(wanted = 'sqlite', say: (text: string) => void): Promise<Stage> {
  const kind = venueKinds.find((name) => name === wanted);
  if (kind) return stageOf(kind, say);
  if (!/^\w+:/.test(wanted) || wanted.startsWith('memory:')) {
    throw new Error(
      `--store is one of ${venueKinds.join(', ')}, or the URL of a store that processes share, got "${wanted}"`,
    );
  }
  const isConsul = wanted.startsWith('consul:');
  return {
    store: redactUrl(wanted),
    storeUrl: wanted,
    ttlMs: isConsul ? CONSUL_TTL_MS : TTL_MS,
    took: isConsul ? TOOK_CONSUL : TOOK,
    part: parts(isConsul ? CONSUL_TTL_MS : TTL_MS),
    close: async () => {},
  };
}

async function stageOf(kind: VenueKind, say: (text: string) => void): Promise<Stage> {
  if (kind !== 'sqlite') {
    say(
      `Looking for ${NAMES[kind]}: on PATH, in the cache, else from Debian's packages, which takes a while once.`,
    );
  }
  const venue = await openVenue(kind);
  const storeUrl = venue.url();
  const pid = venue.cluster?.members[0]?.pid;
  return {
    store: venue.cluster
      ? `${NAMES[kind]} at ${storeUrl}, started for this demo, process ${pid}`
      : `${NAMES[kind]}, a temporary file: ${venue.file}`,
    storeUrl,
    ttlMs: TTL_MS,
    took: kind === 'consul' ? TOOK_CONSUL : TOOK,
    part: parts(TTL_MS),
    close: () => venue.close(),
  };
}

/** Of one run: a namespace of its own keeps two demos on one server apart. */
function parts(ttlMs: number): (name: string) => Part {
  const namespace = `tenure-demo-${randomBytes(4).toString('hex')}`;
  return (name) => ({ name, namespace, ttlMs });
}
