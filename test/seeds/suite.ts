/**
 * What the tests of dlock, locker, distrlock and go-dlm meant, asked of a store through the public API alone. Each case
 * stands beside the name of the test it comes from, or the fault that no test there had found.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { distrlock } from './cases/distrlock.ts';
import { dlm } from './cases/dlm.ts';
import { dlock } from './cases/dlock.ts';
import { locker } from './cases/locker.ts';
import { competeAt, LEVELS } from './levels.ts';
import { Place } from './place.ts';
import { stores } from './stores.ts';
import type { Kind, Service } from './stores.ts';

const themes = { distrlock, locker, 'go-dlm': dlm, dlock };

/** Call it at the top of a test file. One store a file: what one does to the event loop is no trouble of another. */
export async function describeSeeds(kind: Kind): Promise<void> {
  const { available, start, shortTtlMs, levels } = stores[kind];
  const isThere = await available();
  // They wait for servers and leases, side by side.
  vi.setConfig({ maxConcurrency: 6 });

  describe.skipIf(!isThere)(`${kind} does what was asked of`, () => {
    let service: Service;
    const warnings: string[] = [];
    const heed = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`);
    beforeAll(async () => {
      process.on('warning', heed);
      service = await start();
    });
    afterAll(() => service.stop());

    test.for(levels ? LEVELS : [])(
      'competes as well where the connections of a pool are %s',
      async (level) => {
        const pooled = service.pooled!(level);
        try {
          await competeAt(level, pooled);
        } finally {
          await pooled.end();
        }
      },
    );

    describe.concurrent.each(Object.entries(themes))('%s', (_theme, cases) => {
      test.concurrent.for(cases.map((each) => [each.title, each] as const))(
        '%s',
        // A machine or a disk that stands still for about a TTL ends terms, as it must. What asks for something else begins again.
        { retry: 2 },
        async ([, { play }]) => {
          const place = new Place(service, shortTtlMs);
          try {
            await play(place);
          } finally {
            await place.close();
          }
        },
      );
    });

    test('and Node.js had nothing to warn of', () => {
      process.off('warning', heed);
      expect(warnings).toEqual([]);
    });
  });
}
