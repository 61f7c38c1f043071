import { Arena } from './arena.ts';
import { handovers, reignsOf } from './history.ts';
import { fromLoss } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { msBetween } from './protocol.ts';
import type { VenueKind } from '../servers/venue.ts';

/**
 * Leaders, each a process of its own, whose connections suddenly carry nothing any more and stay open, and one
 * challenger for all of their keys with connections that work. A file has no connections: there the challenger is
 * silenced with them, and who asks first when that is over leads next.
 */
export async function blackHole(kind: VenueKind, count: number): Promise<Outcome> {
  await using arena = await Arena.open(kind);
  const keys = Array.from({ length: count }, (_, index) => `key-${index + 1}`);
  const cut = await arena.cut();
  const leaders = await arena.enter(
    ...keys.map((key) => ({ id: `leader of ${key}`, keys: [key], through: cut })),
  );
  const [challenger] = await arena.enter({ id: 'challenger', keys });
  await Promise.all(leaders.map((leader) => leader.lead()));
  await challenger!.follow();

  cut.blackHole();
  const ended = Promise.all(leaders.map((leader) => leader.next('ended')));
  if (cut.address)
    await Promise.all(keys.map((key) => challenger!.next('acquired', (report) => report.key === key)));
  await ended;
  if (!cut.address) await cut.pass();
  await arena.led(keys);
  const changes = handovers(reignsOf(arena.contenders));
  const violations = changes.flatMap(({ from, to }) => {
    const told = [from.abortedAt, from.endedAt].every((at) => at !== undefined && at < to.acquiredAt);
    const lateMs = msBetween(to.acquiredAt, from.endedAt ?? to.acquiredAt).toFixed(1);
    return told ? [] : [`${to.key}: the next leader began before the last was told, by ${lateMs} ms`];
  });
  // Where all were silenced, those who come back may take turns.
  const expected = cut.address ? changes.length === count : changes.length >= count;
  if (!expected) violations.push(`${count} leaders, and ${changes.length} handovers`);

  // What was held comes late, claims and renewals too. It must change nothing: the old leaders wait their turn.
  const healedAt = process.hrtime.bigint();
  await cut.pass();
  const alive = ({ event }: { event: string }): boolean => event === 'renewed' || event === 'opened';
  await Promise.all(leaders.map((leader) => leader.next('session', alive, healedAt)));
  if (cut.address) {
    await Promise.all(
      leaders.map((leader) => leader.next('standing', ({ role }) => role === 'follower', healedAt)),
    );
  }
  const marginsMs = changes.map(fromLoss);
  return {
    fault: 'black hole',
    kind,
    handovers: changes,
    marginsMs,
    violations: [...violations, ...(await arena.verdict())],
  };
}
