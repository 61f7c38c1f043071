import { until } from '../servers/until.ts';
import { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import { current, handovers, reignsOf } from './history.ts';
import { fromLoss } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { Command } from './command.ts';
import type { VenueKind } from '../servers/venue.ts';

const KEY = 'key';
const WAITERS = 5;

interface Restart {
  readonly fault: string;
  /** Nothing that was acknowledged is gone afterwards. */
  readonly keepsItsWord: boolean;
  readonly strike: (arena: Arena) => Promise<void>;
}

/** The server is killed under a leader and those who wait, and comes back with its data. */
export function restarted(kind: VenueKind, rounds: number): Promise<Outcome> {
  return struck(kind, rounds, {
    fault: `server killed and restarted × ${rounds}`,
    keepsItsWord: true,
    strike: async ({ cluster }) => {
      await cluster.members[0]!.kill();
      await cluster.members[0]!.restart();
    },
  });
}

/** Redis forgets everything, the sessions too, while they are in use: what it promised it does not keep. */
export function flushed(rounds: number): Promise<Outcome> {
  return struck('redis', rounds, {
    fault: `data flushed × ${rounds}`,
    keepsItsWord: false,
    strike: async ({ cluster }) => {
      const said = await Command.output(cluster, 'flushall');
      if (said.trim() !== 'OK') throw new Error(`flushall: ${said}`);
    },
  });
}

async function struck(
  kind: VenueKind,
  rounds: number,
  { fault, keepsItsWord, strike }: Restart,
): Promise<Outcome> {
  await using arena = await Arena.open(kind);
  const ids = ['leader', ...Array.from({ length: WAITERS }, (_, index) => `waiter ${index + 1}`)];
  const contenders = await arena.enter(...ids.map((id) => ({ id, keys: [KEY] })));
  await contenders[0]!.lead();
  await Promise.all(contenders.slice(1).map((waiter) => waiter.follow()));
  for (let round = 1; round <= rounds; round += 1) {
    const since = process.hrtime.bigint();
    await strike(arena);
    await recovered(contenders, since);
    // The key can be handed over again, and the token rises.
    const [reign] = current(reignsOf(contenders));
    reign!.contender.tell({ order: 'resign', keys: [KEY] });
    const { at } = await reign!.contender.next('ended', ({ token }) => token === reign!.token);
    await until('another one leads', async () => {
      const [next] = current(reignsOf(contenders));
      return (next && next.acquiredAt > at) || undefined;
    });
  }
  const changes = handovers(reignsOf(contenders));
  return {
    fault,
    kind,
    handovers: changes,
    marginsMs: changes.map(fromLoss),
    violations: await arena.verdict({ storeKeptItsWord: keepsItsWord }),
  };
}

/** Everybody's session has been heard of since, and one of them leads. */
async function recovered(contenders: readonly Contender[], since: bigint): Promise<void> {
  const alive = ({ event }: { event: string }): boolean => event === 'renewed' || event === 'opened';
  await Promise.all(contenders.map((contender) => contender.next('session', alive, since)));
  await until('somebody leads, and only one', async () => {
    const leading = current(reignsOf(contenders));
    return leading.length === 1 || undefined;
  });
}
