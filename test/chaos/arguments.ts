export const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** @throws unless `text` is a whole number, at least 1; left out, it is `otherwise`. */
export function wholeNumber(text: string | undefined, otherwise: number): number {
  const number = Number(text ?? otherwise);
  if (!Number.isInteger(number) || number < 1) throw new Error(`expected a whole number, got "${text}"`);
  return number;
}

/** The stores that are named, all of `known` where none is. @throws for a name that nobody knows. */
export function storesIn<Kind extends string>(
  names: readonly string[],
  known: readonly Kind[],
): readonly Kind[] {
  const unknown = names.filter((name) => !known.some((kind) => kind === name));
  if (unknown.length > 0)
    throw new Error(`no store here is called ${unknown.join(', ')}: ${known.join(', ')}`);
  return names.length === 0 ? known : known.filter((kind) => names.includes(kind));
}
