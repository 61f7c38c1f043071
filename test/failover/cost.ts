import Database from 'libsql';
import { request } from '../servers/request.ts';
import { Command } from './command.ts';
import type { Cluster } from '../servers/cluster.ts';
import type { Cut, VenueKind } from '../servers/venue.ts';

/** Where to look: an arena, for one. */
interface Site {
  /** @throws where there is no server */
  readonly cluster: Cluster;
  readonly venue: { readonly file?: string };
}

/** What a store is asked by everybody together, by its own count, and the sessions that live there. */
interface Counter {
  readonly sessions: (site: Site) => Promise<number>;
  /** Messages, commands or statements so far. */
  readonly requests: (site: Site, cut: Pick<Cut, 'bytes'>) => Promise<number>;
}

const ask = async ({ cluster }: Site, ...args: string[]): Promise<string> =>
  (await Command.output(cluster, ...args)).trim();

/** The sum of all numbers that follow a match. */
const total = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);

function queryFile({ venue }: Site, query: string): number {
  const database = new Database(venue.file!, { readonly: true });
  try {
    return Number((database.prepare(query).raw().get() as unknown[])[0]);
  } finally {
    database.close();
  }
}

const countSessions = 'select count(*) from tenure_sessions';
const countRenewals = 'select sum(renewals) from tenure_sessions';

export const counters: Readonly<Record<VenueKind, Counter>> = {
  etcd: {
    sessions: async (site) => {
      const listed = await ask(site, 'lease', 'list', '--write-out=json');
      return ((JSON.parse(listed) as { leases?: unknown[] }).leases ?? []).length;
    },
    requests: async ({ cluster }) =>
      total(await request(`${cluster.urls[0]!}/metrics`), /^grpc_server_msg_received_total\{.*\} (\S+)$/gmu),
  },
  consul: {
    sessions: async ({ cluster }) =>
      (JSON.parse(await request(`${cluster.urls[0]!}/v1/session/list`)) as []).length,
    // It counts nothing as sharply: these are the bytes it was sent, all of them headers.
    requests: async (_, cut) => cut.bytes!.up,
  },
  redis: {
    sessions: async (site) => {
      const keys = await ask(site, '--scan', '--pattern', '*:session:*');
      return keys === '' ? 0 : keys.split('\n').length;
    },
    requests: async (site) => {
      // What scripts do inside is counted, too, under other names.
      const stats = await ask(site, 'info', 'commandstats');
      return total(stats, /^cmdstat_(?:evalsha|eval|wait):calls=(\d+)/gmu);
    },
  },
  postgres: {
    sessions: async (site) => Number(await ask(site, '-Atc', countSessions)),
    // Its statistics are late by up to a second: these are the bytes it was sent.
    requests: async (_, cut) => cut.bytes!.up,
  },
  mariadb: {
    sessions: async (site) => Number(await ask(site, '-Ne', countSessions)),
    requests: async (site) =>
      total(
        await ask(site, '-Ne', "show global status like 'Com\\_%'"),
        /^Com_(?:select|insert|update|delete)\s+(\d+)$/gmu,
      ),
  },
  sqlite: {
    sessions: async (site) => queryFile(site, countSessions),
    // There is nobody who counts but the rows themselves.
    requests: async (site) => queryFile(site, countRenewals),
  },
};
