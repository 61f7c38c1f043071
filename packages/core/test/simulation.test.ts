import fc from 'fast-check';
import { VirtualClock } from '@tenure/conformance/clock';
import { unreliable } from '@tenure/conformance/network';
import type { Fault } from '@tenure/conformance/network';
import { createTenure } from '@tenure/core';
import type { Term } from '@tenure/core';
import { MemorySpace, memory } from '@tenure/core/memory';
import { expect, it } from 'vitest';

const ttlMs = 1000;

/** What may happen to one of the three machines. */
type Weather = 'calm' | 'lossy' | 'hung' | 'slow' | 'deaf' | 'stalled' | 'suspended';
const weathers: readonly Weather[] = [
  'calm',
  'calm',
  'lossy',
  'hung',
  'slow',
  'deaf',
  'stalled',
  'suspended',
];

/**
 * Random histories: three machines with clocks that are ahead, run at their own rate and are set back; calls and
 * answers that are lost, swallowed or late; frozen processes; suspends; operators who evict.
 */
it('never has two valid terms of one key, tokens only rise, and someone leads soon after it heals', async () => {
  let terms = 0;
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.noBias(fc.nat(999_999))), async (stream) => {
      const chance = (): number => (stream.next().value ?? 0) / 1e6;
      const clock = new VirtualClock();
      const space = new MemorySpace({ clock });
      const won: Term[] = [];
      let topToken = 0n;

      const machines = ['a', 'b', 'c'].map((id) => {
        const machine = {
          id,
          weather: 'calm' as Weather,
          view: clock.view({ offsetMs: chance() * 1e6, rate: 1 + (chance() - 0.5) / 100 }),
        };
        const fault = (): Fault | undefined => {
          if (machine.weather === 'lossy' && chance() < 0.4)
            return { kind: chance() < 0.5 ? 'lost' : 'unanswered' };
          if (machine.weather === 'hung') return { kind: 'hung', applied: chance() < 0.5 };
          const slow = machine.weather === 'slow' ? 400 : 5;
          return { kind: 'late', requestMs: chance() * slow, answerMs: chance() * slow };
        };
        const store = unreliable(memory({ shared: space }), {
          clock: machine.view,
          fault,
          deaf: () => machine.weather === 'deaf',
        });
        const tenure = createTenure({ store, ttlMs, clock: machine.view, candidate: { id } });
        const election = tenure.election('job');
        election.acquired.subscribe((term) => {
          terms += 1;
          won.push(term);
          expect(term.token > topToken).toBe(true);
          topToken = term.token;
          expect(valid().length).toBeLessThan(2);
        });
        election.start();
        return { machine, tenure, election };
      });
      /** A frozen process does not act on what it believes; when it wakes, its first read tells. */
      const valid = (): Term[] =>
        won.filter(
          (term) =>
            term.isCurrent() &&
            !machines.some(({ machine }) => machine.id === term.candidate.id && machine.view.frozen),
        );

      for (let step = 0; step < 30; step++) {
        const { machine } = machines[Math.floor(chance() * 3)] ?? machines[0]!;
        machine.view.thaw();
        machine.weather = weathers[Math.floor(chance() * weathers.length)] ?? 'calm';
        if (chance() < 0.1) {
          machine.view.stepWall(-chance() * 1e6);
          // Time for one look at the clocks: a step back that is followed by a suspend before any look is not seen.
          await clock.advance(ttlMs / 5);
        }
        if (chance() < 0.1) machines[0]?.tenure.evict('job').catch(() => {});
        if (machine.weather === 'stalled') machine.view.freeze('stall');
        if (machine.weather === 'suspended') machine.view.freeze('suspend');
        for (let tick = 0; tick < 5; tick++) {
          await clock.advance(chance() * 300);
          expect(valid().length).toBeLessThan(2);
        }
      }
      for (const { machine } of machines) {
        machine.view.thaw();
        machine.weather = 'calm';
      }
      await clock.advance(7 * ttlMs);
      expect(valid()).toHaveLength(1);
      const closing = Promise.all(machines.map(({ tenure }) => tenure.close()));
      await clock.advance(60_000);
      await closing;
      expect(space.keys('tenure')).toEqual([]);
      expect(clock.alarms).toBe(0);
    }),
    { numRuns: Number(process.env['TENURE_HISTORIES'] ?? 60) },
  );
  // A storm that elects nobody proves nothing.
  expect(terms).toBeGreaterThan(300);
});
