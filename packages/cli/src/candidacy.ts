import ms from 'ms';
import type { Election, Standing, Term } from '@tenure/core';
import { later, systemClock } from '@tenure/core/store';
import { nowText, timeOfDay } from './moment.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';
import { tellTrouble } from './trouble.ts';
import { waitingText } from './waiting.ts';

type Stage = 'waiting' | 'leading' | 'released' | 'lost';

/** How an election goes, on standard output: there is no command that it belongs to. Returns what ends it. */
export function tellCandidacy(election: Election, output: Output): () => void {
  const { key } = election;
  const { colors } = output;
  const paint = {
    waiting: colors.yellow,
    leading: colors.green,
    released: (text: string) => text,
    lost: colors.red,
  };
  const line = (stage: Stage, token: bigint, more: Readonly<Record<string, string>>): void => {
    const row = { time: nowText(), key, stage, token, ...more };
    const fields = [
      printable(key),
      paint[stage](stage),
      String(token),
      ...Object.values(more).map(printable),
    ];
    const text = output.isTerminal
      ? [colors.dim(timeOfDay()), ...fields].join('  ')
      : [row.time, ...fields].join('\t');
    output.data(row, text);
  };
  const live = new LiveLine(key, output);
  let follows: bigint | undefined;
  const subscriptions = [
    election.standing.subscribe((standing) => {
      live.follow(standing);
      const { role, leader } = standing;
      if (role !== 'follower' || !leader || leader.token === follows) return;
      follows = leader.token;
      line('waiting', leader.token, { leader: leader.id });
    }),
    election.acquired.subscribe(({ token, candidate }) => line('leading', token, { leader: candidate.id })),
    election.released.subscribe(({ term: { token }, reason }) => line('released', token, { reason })),
    election.lost.subscribe(({ term: { token }, reason }) => line('lost', token, { reason })),
    tellTrouble(election, output),
  ];
  return () => {
    for (const subscription of subscriptions) subscription.unsubscribe();
    live.end();
  };
}

const PERIOD_MS = 500;

/** How it stands right now: counts on between changes. */
class LiveLine {
  readonly #key: string;
  readonly #output: Output;
  #cancel: () => void = () => {};
  #term: Term | undefined;
  #sinceMs = 0;

  constructor(key: string, output: Output) {
    this.#key = key;
    this.#output = output;
  }

  follow({ role, leader, term, jeopardy }: Standing): void {
    this.#cancel();
    if (term && term !== this.#term) this.#sinceMs = systemClock.now().monoMs;
    this.#term = term;
    if (term) return this.#count(() => this.#leading(term, jeopardy));
    if (role === 'idle') return this.end();
    this.#count(() => waitingText(this.#key, leader));
  }

  end(): void {
    this.#cancel();
    this.#output.live(undefined);
  }

  #leading(term: Term, jeopardy: boolean): string {
    const held = ms(Math.floor((systemClock.now().monoMs - this.#sinceMs) / 1000) * 1000);
    const valid = `valid for ${(term.remainingMs() / 1000).toFixed(1)}s more`;
    const doubt = jeopardy ? ', the last renewal failed' : '';
    return `leading "${printable(this.#key)}" with token ${term.token} for ${held}, ${valid}${doubt}`;
  }

  #count(text: () => string): void {
    this.#output.live(text());
    this.#cancel = systemClock.alarm(later(systemClock.now(), PERIOD_MS), () => this.#count(text));
  }
}
