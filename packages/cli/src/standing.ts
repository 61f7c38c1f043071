import type { Election, Standing } from '@tenure/core';
import type { Output } from './output.ts';
import { printable } from './printable.ts';

/** Tell how an election goes: waiting as a live line, the rest as it happens. Returns what ends it. */
export function tellStanding(election: Election, output: Output): () => void {
  const { key } = election;
  const waiting = (standing: Standing): void => {
    const { role, leader } = standing;
    if (role === 'leader' || role === 'idle') return output.live(undefined);
    const who = leader
      ? `, led by ${printable(leader.id)} since ${leader.acquiredAt ?? 'some time ago'}`
      : '';
    output.live(`waiting for "${key}"${who}`);
  };
  let follows: string | undefined;
  const subscriptions = [
    election.standing.subscribe((standing) => {
      waiting(standing);
      const { role, leader } = standing;
      if (role !== 'follower' || !leader || String(leader.token) === follows) return;
      follows = String(leader.token);
      const { id, token } = leader;
      output.tell({
        event: 'waiting',
        text: `waiting for "${key}", led by ${printable(id)}`,
        fields: { key, leader: id, token },
      });
    }),
    election.acquired.subscribe(({ token, candidate }) =>
      output.tell({
        event: 'acquired',
        text: `we lead "${key}" with token ${token}`,
        fields: { key, token, candidate: candidate.id },
      }),
    ),
    election.released.subscribe(({ term: { token }, reason }) =>
      output.tell({ event: 'released', text: `gave up "${key}"`, fields: { key, token, reason } }),
    ),
    election.lost.subscribe(({ term: { token }, reason }) =>
      output.tell({
        event: 'lost',
        text: `lost "${key}": ${reason}`,
        fields: { key, token, reason },
        important: true,
      }),
    ),
    election.errors.subscribe((error) =>
      output.tell({
        event: 'trouble',
        text: `trouble, being retried: ${error.message}`,
        fields: { key, code: error.code, message: error.message },
        important: true,
      }),
    ),
  ];
  return () => {
    output.live(undefined);
    for (const subscription of subscriptions) subscription.unsubscribe();
  };
}
