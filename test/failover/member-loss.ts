import type { RaftKind } from '../servers/cluster.ts';
import { until } from '../servers/until.ts';
import { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import { current, handovers, reignsOf } from './history.ts';
import { fromLoss } from './outcome.ts';
import type { Outcome } from './outcome.ts';

const KEYS = ['red', 'green', 'blue'];

/**
 * Three members, three contenders that know them all, and the member that leads is killed, again and again. A term may
 * survive that or be lost and won anew; there are never two.
 */
export async function memberLoss(kind: RaftKind, rounds: number): Promise<Outcome> {
  await using arena = await Arena.open(kind, { members: 3 });
  const contenders = await arena.enter(...['one', 'two', 'three'].map((id) => ({ id, keys: KEYS })));
  for (const contender of contenders) contender.stand();
  await settled(contenders, 0n);
  for (let round = 1; round <= rounds; round += 1) {
    const member = await arena.raft.leader();
    const killedAt = process.hrtime.bigint();
    await member.kill();
    await settled(contenders, killedAt);
    await member.restart();
    await settled(contenders, process.hrtime.bigint());
  }
  const changes = handovers(reignsOf(contenders));
  const fault = `kill -9 of the leading member × ${rounds}`;
  return {
    fault,
    kind,
    handovers: changes,
    marginsMs: changes.map(fromLoss),
    violations: await arena.verdict(),
  };
}

/** Every contender's session has been heard of since, and every key is led. */
async function settled(contenders: readonly Contender[], since: bigint): Promise<void> {
  const alive = ({ event }: { event: string }): boolean => event === 'renewed' || event === 'opened';
  await Promise.all(contenders.map((contender) => contender.next('session', alive, since)));
  await until('every key is led', async () => {
    const led = new Set(current(reignsOf(contenders)).map(({ key }) => key));
    return led.size === KEYS.length || undefined;
  });
}
