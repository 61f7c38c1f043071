/** A server of each kind, and stores of it that share nothing but the server, as processes do. */
import type { Store } from '@tenure/core';
import { memory, MemorySpace } from '@tenure/core/memory';
import { consul } from '@tenure/consul';
import { etcd } from '@tenure/etcd';
import { serverOrSkip } from '../servers/availability.ts';
import { startConsul } from '../servers/consul.ts';
import { startEtcd } from '../servers/etcd.ts';

export interface Service {
  /** Another one each time. */
  open(): Store;
  stop(): Promise<void>;
}

interface Row {
  /** Short, so that waiting for its end is; the store grants it. */
  readonly shortTtlMs: number;
  readonly available: () => Promise<boolean>;
  readonly start: () => Promise<Service>;
}

const always = async (): Promise<boolean> => true;
const have = (kind: Parameters<typeof serverOrSkip>[0]) => async (): Promise<boolean> =>
  (await serverOrSkip(kind)) !== undefined;

export const stores = {
  memory: {
    shortTtlMs: 600,
    available: always,
    start: async () => {
      const shared = new MemorySpace();
      return { open: () => memory({ shared }), stop: async () => {} };
    },
  },
  etcd: {
    shortTtlMs: 2000,
    available: have('etcd'),
    start: async () => {
      const cluster = await startEtcd();
      return { open: () => etcd({ hosts: cluster.urls }), stop: () => cluster.stop() };
    },
  },
  consul: {
    shortTtlMs: 1000,
    available: have('consul'),
    start: async () => {
      const cluster = await startConsul({ ttlMinMs: 1000 });
      const open = (): Store => consul({ addresses: cluster.urls, minTtlMs: 1000 });
      return { open, stop: () => cluster.stop() };
    },
  },
} satisfies Record<string, Row>;

export type Kind = keyof typeof stores;
