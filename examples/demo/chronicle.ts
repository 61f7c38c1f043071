import { msBetween } from './report.ts';
import type { Report } from './report.ts';

export interface RecordedTerm {
  readonly who: string;
  readonly token: bigint;
  readonly from: bigint;
  /** Until when its leader took it for current; undefined while it does. */
  readonly to?: bigint;
  readonly end?: string;
}

/** Every term that anybody held, as their holders told it. */
export class Chronicle {
  readonly #terms: RecordedTerm[] = [];
  readonly #problems: string[] = [];
  readonly #waiters = new Set<() => void>();

  get terms(): readonly RecordedTerm[] {
    return this.#terms;
  }

  get leader(): RecordedTerm | undefined {
    return this.#terms.findLast(({ to }) => to === undefined);
  }

  hear(who: string, report: Report): void {
    if (report.what === 'acquired') this.#terms.push({ who, token: report.token, from: report.at });
    if (report.what === 'ended') {
      this.#end(
        who,
        report.token,
        report.at,
        report.kind === 'lost' ? `lost: ${report.reason}` : 'gave it up',
      );
    }
    if (report.what === 'current') this.#checkReading(who, report.token, report.at);
    for (const look of this.#waiters) look();
  }

  /** A process that was killed cannot tell the end of its term: that is when it was gone. */
  killed(who: string, at: bigint): void {
    const { leader } = this;
    if (leader?.who === who) this.#end(who, leader.token, at, 'killed');
  }

  /** Resolves with what `find` finds, as soon as that is something. */
  until<T>(what: string, find: () => T | undefined, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(look);
        reject(new Error(`waited ${timeoutMs / 1000} s in vain until ${what}`));
      }, timeoutMs);
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve(found);
      };
      this.#waiters.add(look);
      look();
    });
  }

  /** What contradicts "never two leaders, and tokens only rise". */
  contradictions(): readonly string[] {
    const found = [...this.#problems];
    const terms = this.#terms.toSorted((a, b) => Number(a.from - b.from));
    for (const [index, term] of terms.entries()) {
      const before = terms[index - 1];
      if (!before) continue;
      if (before.token >= term.token) found.push(`token ${term.token} came after token ${before.token}`);
      const gapMs = before.to === undefined ? -Infinity : msBetween(before.to, term.from);
      if (gapMs < 0) found.push(`${term.who} led while ${before.who} still did`);
    }
    return found;
  }

  #end(who: string, token: bigint, to: bigint, end: string): void {
    const index = this.#terms.findIndex((term) => term.token === token && term.who === who);
    const term = this.#terms[index];
    if (term && term.to === undefined) this.#terms[index] = { ...term, to, end };
  }

  #checkReading(who: string, token: bigint, at: bigint): void {
    const term = this.#terms.find((each) => each.token === token && each.who === who);
    if (!term || at < term.from || (term.to !== undefined && at > term.to)) {
      this.#problems.push(`${who} took token ${token} for current when it was not`);
    }
  }
}
