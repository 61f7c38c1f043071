import { redisCommand, type RedisAddress } from './resp.ts';
import { until } from './until.ts';

const SLOTS = 16_384;

export interface Master {
  readonly port: number;
  readonly busPort: number;
}

/** Makes one cluster of servers that know nothing of each other; each gets an equal part of the slots. */
export async function joinMasters(masters: readonly Master[], password: string | undefined): Promise<void> {
  const tell = ({ port }: Master, ...command: string[]) => redisCommand({ port, password }, ...command);
  const [first, ...others] = masters;
  const start = (index: number) => Math.floor((index * SLOTS) / masters.length);
  await Promise.all(
    masters.map(async (master, index) => {
      await tell(master, 'CLUSTER', 'ADDSLOTSRANGE', String(start(index)), String(start(index + 1) - 1));
      await tell(master, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    }),
  );
  for (const { port, busPort } of others) {
    await tell(first!, 'CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort));
  }
  const serve = masters.map(({ port }) =>
    until(
      `the cluster serves at port ${port}`,
      async () => (await servesCluster({ port, password })) || undefined,
    ),
  );
  await Promise.all(serve);
}

/** Whether this one takes the cluster for whole: it knows who has each slot, and all of those answer. */
export async function servesCluster(server: RedisAddress): Promise<boolean> {
  const info = await redisCommand(server, 'CLUSTER', 'INFO');
  return info.includes('cluster_state:ok') && info.includes(`cluster_slots_ok:${SLOTS}`);
}
