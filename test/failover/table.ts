/** Rows of text in columns, numbers to the right. */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '')))];
  const widths = names.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const isNumber = names.map((name) =>
    rows.every((row) => typeof row[name] === 'number' || row[name] === '-'),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}

/** Smallest, middle and largest, as whole numbers. */
export function spread(values: readonly number[]): Record<'min' | 'median' | 'max', number | '-'> {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number | '-' => (sorted.length === 0 ? '-' : Math.round(sorted[index]!));
  return { min: at(0), median: at(sorted.length >> 1), max: at(sorted.length - 1) };
}

/** "3 stalled, 1 expired" */
export function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
}
