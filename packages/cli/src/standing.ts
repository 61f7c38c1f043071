import type { Election } from '@tenure/core';
import type { Output } from './output.ts';
import { tellTrouble } from './trouble.ts';
import { waitingText } from './waiting.ts';

/** Tell how an election goes: waiting as a live line, the rest as it happens. Returns what ends it. */
export function tellStanding(election: Election, output: Output): () => void {
  const { key } = election;
  let follows: string | undefined;
  const subscriptions = [
    election.standing.subscribe((standing) => {
      const { role, leader } = standing;
      output.live(role === 'leader' || role === 'idle' ? undefined : waitingText(key, leader));
      if (role !== 'follower' || !leader || String(leader.token) === follows) return;
      follows = String(leader.token);
      const { id, token } = leader;
      output.tell({
        event: 'waiting',
        text: waitingText(key, leader),
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
    tellTrouble(election, output),
  ];
  return () => {
    output.live(undefined);
    for (const subscription of subscriptions) subscription.unsubscribe();
  };
}
