import { describe, expect, test } from 'vitest';
import { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import { msBetween } from './protocol.ts';
import type { ReportOf } from './protocol.ts';
import { venueKinds, venueOrSkip } from '../servers/venue.ts';

/** A busy machine is late. Nobody's word depends on this. */
const SLACK_MS = 5000;
const KEY = 'key';

// Longer than any contender waits: it says what it has seen last.
describe.each(venueKinds)('%s', { timeout: 120_000 }, async (kind) => {
  const available = await venueOrSkip(kind);

  /** One leads and the other waits. */
  async function pair(
    arena: Arena,
    releaseOn: readonly NodeJS.Signals[] = [],
  ): Promise<[Contender, Contender]> {
    const [first, second] = await arena.enter(
      { id: 'first', keys: [KEY], releaseOn },
      { id: 'second', keys: [KEY], releaseOn },
    );
    await first!.lead();
    await second!.follow();
    return [first!, second!];
  }

  const won = (contender: Contender): Promise<ReportOf<'acquired'>> => contender.next('acquired');

  test.skipIf(!available)(
    'a killed leader is followed when its TTL has passed, with a higher token',
    async () => {
      await using arena = await Arena.open(kind);
      const [first, second] = await pair(arena);
      const { token } = await won(first);
      const killedAt = process.hrtime.bigint();
      await first.end('SIGKILL');
      const next = await won(second);
      expect(next.token).toBeGreaterThan(token);
      expect(msBetween(killedAt, next.at)).toBeLessThan(arena.expiryMs + SLACK_MS);
      expect(await arena.verdict()).toEqual([]);
    },
  );

  test.skipIf(!available)('a leader that resigns ends its term first, and the next one leads', async () => {
    await using arena = await Arena.open(kind);
    const [first, second] = await pair(arena);
    first.tell({ order: 'resign', keys: [KEY] });
    const end = await first.next('ended');
    const next = await won(second);
    expect(end).toMatchObject({ kind: 'released', reason: 'released' });
    expect(next.at).toBeGreaterThan(end.at);
    expect(next.token).toBeGreaterThan(end.token);

    // It is still a candidate: when the other leaves, it leads again.
    // It may hear of its successor before that one has said so here.
    await first.next('standing', ({ role }) => role === 'follower', end.at);
    second.tell({ order: 'stop', keys: [KEY] });
    const again = await first.next('acquired', () => true, next.at);
    expect(again.token).toBeGreaterThan(next.token);
    expect(await arena.verdict()).toEqual([]);
  });

  test.skipIf(!available)('SIGTERM hands over and then ends the process as it would have', async () => {
    await using arena = await Arena.open(kind);
    const [first, second] = await pair(arena, ['SIGTERM']);
    const ending = first.end('SIGTERM');
    const end = await first.next('ended');
    const next = await won(second);
    expect(end).toMatchObject({ kind: 'released', reason: 'closed' });
    expect(next.at).toBeGreaterThan(end.at);
    expect(next.token).toBeGreaterThan(end.token);
    expect(await ending).toEqual({ code: null, signal: 'SIGTERM' });
    expect(await arena.verdict()).toEqual([]);
  });
});
