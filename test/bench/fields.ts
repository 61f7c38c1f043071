import type { StoreName } from './arguments.ts';
import type { Field } from './contestant.ts';
import { consulField } from './contestants/consul.ts';
import { etcdField } from './contestants/etcd.ts';
import { mariadbField } from './contestants/mariadb.ts';
import { memoryField } from './contestants/memory.ts';
import { postgresField } from './contestants/postgres.ts';
import { redisField } from './contestants/redis.ts';
import { sqliteField } from './contestants/sqlite.ts';

/** Who plays against Tenure, and on what floor. */
export const fields: Readonly<Record<StoreName, Field>> = {
  etcd: etcdField,
  consul: consulField,
  redis: redisField,
  postgres: postgresField,
  mariadb: mariadbField,
  sqlite: sqliteField,
  memory: memoryField,
};
