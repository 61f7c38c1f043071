import type { Granted, StoreSession } from '@tenure/core/store';
import { expect } from 'vitest';
import type { Bench } from '../bench.ts';
import type { Case } from '../case.ts';

/** Expects every grant that it is given to carry a higher token than the one before. */
function rising(): (granted: Granted) => Granted {
  let last = 0n;
  return (granted) => {
    expect(granted.token > last, `token ${granted.token} after ${last}`).toBe(true);
    last = granted.token;
    return granted;
  };
}

const release = (bench: Bench, session: StoreSession, { key, claimId }: Granted): Promise<void> =>
  session.release(key, claimId, bench.signal);

export const tokenCases: readonly Case[] = [
  {
    name: 'grants a higher token each time a key is released and claimed anew, by the same session too',
    run: async (bench) => {
      const higher = rising();
      const session = await bench.session();
      for (let i = 0; i < 10; i += 1) {
        await release(bench, session, higher(await bench.grant(session, bench.key())));
      }
    },
  },
  {
    name: 'grants a higher token to a new session and to a new client',
    run: async (bench) => {
      const higher = rising();
      for (let i = 0; i < 4; i += 1) {
        const session = await bench.session();
        higher(await bench.grant(session, bench.key()));
        await session.close(bench.signal);
      }
    },
  },
  {
    name: 'grants a higher token after the holder has expired',
    run: async (bench) => {
      const higher = rising();
      higher(await bench.grant(await bench.mortal(), bench.key()));
      const heir = await bench.session();
      higher(await bench.win(heir, bench.key(), bench.record(), bench.expiryMs));
    },
  },
  {
    name: 'grants a higher token after an operator has deleted the key',
    needs: ['deleteKey'],
    run: async (bench) => {
      const higher = rising();
      const session = await bench.session();
      higher(await bench.grant(session, bench.key()));
      for (let i = 0; i < 3; i += 1) {
        await bench.options.deleteKey?.(bench.key());
        higher(await bench.win(await bench.session(), bench.key(), bench.record()));
      }
    },
  },
  {
    name: 'grants a higher token to each of many waiters, one after the other',
    run: async (bench) => {
      const higher = rising();
      const sessions = await Promise.all(Array.from({ length: 6 }, () => bench.session()));
      const turns: bigint[] = [];
      await Promise.all(
        sessions.map(async (session) => {
          const granted = await bench.win(session, bench.key(), bench.record(), 30_000);
          turns.push(higher(granted).token);
          await release(bench, session, granted);
        }),
      );
      expect(turns).toHaveLength(sessions.length);
    },
  },
];
