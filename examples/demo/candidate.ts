import type { Election, Tenure, Term } from '@tenure/core';
import { now } from './report.ts';
import type { Report } from './report.ts';

const READ_EVERY_MS = 5;
const TELL_EVERY_MS = 50;

/** Subscribes to its leadership and reports it, and keeps asking its term whether it is current. */
export class CandidateOnStage {
  readonly #tenure: Tenure;
  readonly #election: Election;
  readonly #tell: (report: Report) => void;
  #reading: NodeJS.Timeout | undefined;

  constructor(tenure: Tenure, tell: (report: Report) => void) {
    this.#tenure = tenure;
    this.#tell = tell;
    this.#election = tenure.election('demo');
    this.#election.acquired.subscribe((term) => {
      tell({ at: now(), what: 'acquired', token: term.token });
      this.#read(term);
    });
    this.#election.on('released', (end) => this.#ended(end.term, end.kind, end.reason));
    this.#election.on('lost', (end) => this.#ended(end.term, end.kind, end.reason));
    this.#election.errors.subscribe(({ message }) => tell({ at: now(), what: 'trouble', message }));
  }

  stand(): void {
    this.#election.start();
    this.#tell({ at: now(), what: 'standing' });
  }

  resign(): Promise<void> {
    return this.#election.resign();
  }

  async leave(): Promise<void> {
    await this.#tenure.close();
    clearInterval(this.#reading);
  }

  #read(term: Term): void {
    clearInterval(this.#reading);
    let toldAt = 0n;
    this.#reading = setInterval(() => {
      const at = now();
      if (!term.isCurrent()) clearInterval(this.#reading);
      else if (at - toldAt > BigInt(TELL_EVERY_MS) * 1_000_000n) {
        toldAt = at;
        this.#tell({ at, what: 'current', token: term.token });
      }
    }, READ_EVERY_MS);
  }

  #ended({ token }: Term, kind: 'released' | 'lost', reason: string): void {
    this.#tell({ at: now(), what: 'ended', token, kind, reason });
  }
}
