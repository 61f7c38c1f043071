import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProxy } from '@tenure/conformance/network';
import type { Address } from '@tenure/conformance/network';
import { migrate as migrateMysql } from '@tenure/sql/mysql';
import { migrate as migratePostgres } from '@tenure/sql/postgres';
import { serverOrSkip } from './availability.ts';
import type { Cluster } from './cluster.ts';
import type { Disk } from './disk.ts';
import { startConsul } from './consul.ts';
import { startEtcd } from './etcd.ts';
import { startMariadb } from './mariadb.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import { FileLock } from './file-lock.ts';
import { Hosts } from './hosts.ts';
import type { Host } from './hosts.ts';

export const venueKinds = ['etcd', 'consul', 'redis', 'postgres', 'mariadb', 'sqlite'] as const;
export type VenueKind = (typeof venueKinds)[number];

/** Something that stands between contenders and their store, and can silence it without ending any connection. */
export interface Cut {
  /** Where contenders that are to be cut off reach the store; undefined where everybody is. */
  readonly address: Address | undefined;
  blackHole(): void;
  pass(): Promise<void>;
  close(): Promise<void>;
  /** Of what a network carried, in both directions, and the connections that are open now. */
  readonly bytes?: { readonly up: number; readonly down: number };
  readonly open?: number;
}

/** A store of its own for contenders, each a process, to meet at. */
export interface Venue {
  readonly kind: VenueKind;
  /** Undefined where there is no server. */
  readonly cluster: Cluster | undefined;
  /** Where it lies, when there is no server. */
  readonly file?: string;
  /** Where its data is, if it was given one; it goes with the venue. */
  readonly disk?: Disk;
  /** Of the members, where they were asked to be apart. */
  readonly hosts?: Hosts;
  /** What another process opens the store with. */
  url(through?: readonly Address[]): string;
  /** How long the store takes at most to give a silent session's keys to others. */
  expiryMs(ttlMs: number): number;
  cut(): Promise<Cut>;
  close(): Promise<void>;
}

export interface VenueOptions {
  /** @default 1; 3 where the servers agree on a leader */
  readonly members?: 1 | 3;
  /** Of Consul, for what it does to sessions on its own: see its README. @default 0 */
  readonly lockDelayMs?: number;
  /** For the data of Redis and SQLite. */
  readonly disk?: Disk;
  /** Members of etcd and Consul get a host each, and can be cut off from each other; ask `whyNoHosts` before. */
  readonly apart?: boolean;
}

/** False, with the reason printed, where its server cannot be had. Throws then in CI. */
export async function venueOrSkip(kind: VenueKind): Promise<boolean> {
  return kind === 'sqlite' || (await serverOrSkip(kind, { own: true })) !== undefined;
}

/** Consul's default minimum is 10 s, and it waits for twice the TTL: too long for tests. */
const CONSUL_MIN_TTL_MS = 1000;

export async function openVenue(
  kind: VenueKind,
  { members = 1, apart = false, lockDelayMs = 0, disk }: VenueOptions = {},
): Promise<Venue> {
  switch (kind) {
    case 'etcd':
      return onHosts(apart, members, async (hosts) =>
        // It looks for leases that are over twice a second.
        served(kind, await startEtcd({ members, own: true, hosts }), (ttlMs) => ttlMs + 1000),
      );
    case 'consul':
      return onHosts(apart, members, async (hosts) =>
        served(
          kind,
          await startConsul({ members, own: true, hosts, ttlMinMs: CONSUL_MIN_TTL_MS }),
          (ttlMs) => 2 * ttlMs + lockDelayMs,
          `?minTtlMs=${CONSUL_MIN_TTL_MS}&lockDelayMs=${lockDelayMs}`,
        ),
      );
    case 'redis':
      return on({ disk }, async () =>
        served(
          kind,
          await startRedis({ own: true, appendonly: true, ...(disk && { args: ['--dir', disk.folder] }) }),
        ),
      );
    case 'postgres': {
      const venue = served(kind, await startPostgres({ own: true, maxConnections: 200 }));
      await migratePostgres({ url: venue.url() });
      return venue;
    }
    case 'mariadb': {
      const venue = served(kind, await startMariadb({ own: true }));
      await migrateMysql({ url: venue.url() });
      return venue;
    }
    case 'sqlite':
      return on({ disk }, async () => onFile(await mkdtemp(join(disk?.folder ?? tmpdir(), 'tenure-venue-'))));
  }
}

function served(
  kind: VenueKind,
  cluster: Cluster,
  expiryMs = (ttlMs: number): number => ttlMs,
  query = '',
): Venue {
  const [first] = cluster.members;
  return {
    kind,
    cluster,
    expiryMs,
    url: (through = cluster.members) => {
      const hosts = through.map(({ host, port }) => `${host}:${port}`).join(',');
      if (kind === 'etcd' || kind === 'consul') return `${kind}://${hosts}${query}`;
      return cluster.urls[0]!.replace(`${first!.host}:${first!.port}`, hosts);
    },
    cut: async () => {
      const proxy = await startProxy({ host: first!.host, port: first!.port });
      return Object.assign(proxy, { address: { host: proxy.host, port: proxy.port } });
    },
    close: () => cluster.stop(),
  };
}

/** Members on hosts of their own, where they are to be apart; otherwise on this one. */
async function onHosts(
  apart: boolean,
  members: number,
  open: (hosts: readonly Host[]) => Promise<Venue>,
): Promise<Venue> {
  const hosts = apart ? await Hosts.open(members) : undefined;
  return on({ hosts }, () => open(hosts?.all ?? []));
}

/** What the venue stands on goes with it, and when it cannot be opened. */
async function on(
  { disk, hosts }: { readonly disk?: Disk | undefined; readonly hosts?: Hosts | undefined },
  open: () => Promise<Venue>,
): Promise<Venue> {
  const remove = async (): Promise<void> => {
    await disk?.close();
    await hosts?.close();
  };
  try {
    const venue = await open();
    const close = async (): Promise<void> => {
      await venue.close();
      await remove();
    };
    return { ...venue, ...(disk && { disk }), ...(hosts && { hosts }), close };
  } catch (error) {
    await remove();
    throw error;
  }
}

function onFile(folder: string): Venue {
  const file = join(folder, 'tenure.db');
  return {
    kind: 'sqlite',
    cluster: undefined,
    file,
    expiryMs: (ttlMs) => ttlMs,
    url: () => `sqlite:${file}`,
    cut: async () => new FileLock(file),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
