export type Outcome = 'renewed' | 'stolen' | 'neither' | 'both';

const MEANING: Record<Outcome, string> = {
  renewed: 'the renewal succeeded, the steal did not',
  stolen: 'the steal succeeded, the renewal did not',
  neither: 'the session was over, the steal came too early',
  both: 'BOTH SUCCEEDED: two holders',
};

/** How often what happened. */
export class Tally {
  readonly counts: Record<Outcome, number> = { renewed: 0, stolen: 0, neither: 0, both: 0 };

  count(renewal: 'renewed' | 'gone', stolen: boolean): void {
    const outcome = renewal === 'renewed' ? (stolen ? 'both' : 'renewed') : stolen ? 'stolen' : 'neither';
    this.counts[outcome] += 1;
  }

  get rounds(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  table(title: string): string {
    const lines = (Object.keys(MEANING) as Outcome[]).map((outcome) => {
      const count = String(this.counts[outcome]).padStart(7);
      const share = `${((100 * this.counts[outcome]) / Math.max(1, this.rounds)).toFixed(1)} %`.padStart(8);
      return `${count} ${share}  ${MEANING[outcome]}`;
    });
    return `${title}: ${this.rounds} rounds\n${lines.join('\n')}\n`;
  }
}
