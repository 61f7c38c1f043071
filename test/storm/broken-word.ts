import Database from 'libsql';
import { Command } from '../failover/command.ts';
import { venueKinds } from '../servers/venue.ts';
import type { VenueKind } from '../servers/venue.ts';
import { clusterOf, nothingToHeal } from './fault.ts';
import { oldData } from './old-data.ts';
import type { Fault, Scene } from './fault.ts';

const atOnce = { touches: 'server', lastsTtl: [0, 0] } as const;

/** So long a holder may go on whose session the store has ended, or that was told of: a renewal is due, and one may be lost. */
const byRenewal = (ttlMs: number): number => ttlMs / 3 + ttlMs / 8;
/** Own keys that vanished without a trace are looked for once per TTL. */
const byCheck = (ttlMs: number): number => ttlMs + byRenewal(ttlMs);

const ask = (scene: Scene, ...args: string[]): Promise<string> => Command.output(clusterOf(scene), ...args);

/** An operator deletes what says who holds the key, by hand. */
const deletions: Readonly<Record<VenueKind, (scene: Scene, key: string) => Promise<unknown>>> = {
  etcd: (scene, key) => ask(scene, 'del', '--prefix', `${scene.crew.namespace}/${key}/`),
  consul: (scene, key) => ask(scene, 'kv', 'delete', `${scene.crew.namespace}/${key}/.lock`),
  redis: (scene, key) =>
    ask(
      scene,
      'eval',
      "for _, name in ipairs(redis.call('keys', ARGV[1])) do redis.call('del', name) end",
      '0',
      `*{${scene.crew.namespace}}:lock:${key}`,
    ),
  postgres: (scene, key) => ask(scene, '-Atc', removal(scene, key)),
  mariadb: (scene, key) => ask(scene, '-e', removal(scene, key)),
  sqlite: async (scene, key) => {
    const database = new Database(scene.venue.file!, { timeout: 5000 });
    database.exec(removal(scene, key));
    database.close();
  },
};

const removal = ({ crew }: Scene, key: string): string =>
  `delete from tenure_locks where namespace = '${crew.namespace}' and name = '${key}'`;

/** What makes a store break its word. Then only the token protects, until the old leader has noticed. */
export const brokenWord: readonly Fault[] = [
  {
    ...atOnce,
    name: 'key deleted by hand',
    excusesMs: byCheck,
    kinds: venueKinds,
    strike: async (scene, dice) => {
      await deletions[scene.venue.kind](scene, dice.pick(scene.crew.keys));
      return nothingToHeal;
    },
  },
  {
    ...atOnce,
    name: 'evicted by force',
    excusesMs: byRenewal,
    kinds: venueKinds,
    strike: async (scene, dice) => {
      const { contender } = dice.pick(scene.crew.candidates);
      contender.tell({ order: 'evict by force', keys: [dice.pick(scene.crew.keys)] });
      return nothingToHeal;
    },
  },
  {
    ...atOnce,
    name: 'data flushed',
    excusesMs: byRenewal,
    kinds: ['redis'],
    strike: async (scene) => {
      await ask(scene, 'flushall');
      return nothingToHeal;
    },
  },
  ...oldData(byRenewal),
];
