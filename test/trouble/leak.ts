import { inspect } from 'node:util';

/** How a secret may look in a text: as it is, percent-encoded, in base64 at any offset, and as the bytes of a Buffer. */
function traces(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) =>
    // Without the ends, which depend on the neighbours.
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  const hex = bytes.toString('hex');
  return [secret, encodeURIComponent(secret), ...base64, hex, hex.replaceAll(/(..)(?=.)/gu, '$1 ')];
}

/** Everything that could be logged of a value, a thousand times more than anyone does. */
function tell(value: unknown): string {
  const texts = [
    String(value),
    inspect(value),
    inspect(value, { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null }),
  ];
  if (value instanceof Error) texts.push(value.message, value.stack ?? '', JSON.stringify(value, safe()));
  return texts.join('\n');
}

/** For objects that lead back to themselves, and bigints. */
function safe(): (key: string, value: unknown) => unknown {
  const seen = new Set<unknown>();
  return (_key, value) => {
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'object' && value !== null && seen.has(value)) return undefined;
    seen.add(value);
    return value;
  };
}

/** Where `secret` shows in what could be logged of `value`: undefined, or a little of what is around it. */
export function leakIn(value: unknown, secret: string): string | undefined {
  const text = typeof value === 'string' ? value : tell(value);
  for (const trace of traces(secret)) {
    const at = text.indexOf(trace);
    if (at >= 0) return text.slice(Math.max(0, at - 200), at + 100);
  }
  return undefined;
}
