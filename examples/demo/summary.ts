import type { Chronicle } from './chronicle.ts';
import { msBetween } from './report.ts';
import { paint, paintName, seconds, span } from './screen.ts';
import type { Screen } from './screen.ts';

/** Every term, the time between them, and what that proves. */
export function summarize(chronicle: Chronicle, screen: Screen): boolean {
  const { terms } = chronicle;
  screen.heading('What happened');
  screen.print(
    paint('dim', '  term  leader  token               held for  then nobody for  how it ended').trimEnd(),
  );
  for (const [index, { who, token, from, to, end }] of terms.entries()) {
    const next = terms[index + 1];
    const held = to === undefined ? '?' : seconds(msBetween(from, to));
    const gap = next && to !== undefined ? span(msBetween(to, next.from)) : '';
    const cells = [
      String(index + 1).padStart(6),
      paintName(who),
      String(token).padEnd(16),
      held.padStart(10),
      gap.padStart(15),
      end ?? 'still held',
    ];
    screen.print(cells.join('  '));
  }
  const contradictions = chronicle.contradictions();
  screen.print();
  if (contradictions.length > 0) {
    for (const text of contradictions) screen.print(paint('red', `WRONG: ${text}`));
    return false;
  }
  screen.print(
    paint(
      'green',
      `Never two leaders: ${terms.length} terms, none overlaps another, and the token only rose.`,
    ),
  );
  return true;
}
