import { coreBreaks } from './breaks/core.ts';
import { consulBreaks } from './breaks/consul.ts';
import { etcdBreaks } from './breaks/etcd.ts';
import { redisBreaks } from './breaks/redis.ts';
import { commandBreaks } from './breaks/command.ts';
import { schedulerBreaks } from './breaks/scheduler.ts';
import { sqlBreaks } from './breaks/sql.ts';
import type { Mutation } from './mutation.ts';

export const mutations: readonly Mutation[] = [
  ...coreBreaks,
  ...etcdBreaks,
  ...consulBreaks,
  ...redisBreaks,
  ...sqlBreaks,
  ...schedulerBreaks,
  ...commandBreaks,
];
