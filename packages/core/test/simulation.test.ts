import { simulate } from '@tenure/conformance/simulation';
import type { Story } from '@tenure/conformance/simulation';
import { expect, it } from 'vitest';

const HISTORIES = Number(process.env['TENURE_HISTORIES'] ?? 100);

const written = ({ events }: Story): string =>
  JSON.stringify(events, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

it(
  'keeps every promise in random histories of machines, networks, clocks and stores that go wrong',
  { timeout: 240_000 },
  async () => {
    let terms = 0;
    const faults = new Set<string>();
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const { verdict, faults: injected } = await simulate(seed);
      expect(verdict.violations.map(({ rule, text }) => `seed ${seed}: ${rule}: ${text}`)).toEqual([]);
      terms += verdict.terms;
      for (const fault of Object.keys(injected)) faults.add(fault);
    }
    // A storm that elects nobody proves nothing, nor does one in which nothing goes wrong.
    expect(terms).toBeGreaterThan(5 * HISTORIES);
    const everyKind =
      'lost,unanswered,hung,refused,twice,stall,suspend,crash,replaced,clock set back,store down';
    expect([...faults]).toEqual(expect.arrayContaining(everyKind.split(',')));
  },
);

it('replays a seed to the last digit', { timeout: 120_000 }, async () => {
  for (const seed of [3, 8, 14]) {
    const first = written(await simulate(seed));
    const other = written(await simulate(seed + 1));
    expect(first.length).toBeGreaterThan(1000);
    expect(other).not.toBe(first);
    expect(written(await simulate(seed))).toBe(first);
  }
});
