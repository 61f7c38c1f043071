import { startProxy } from '@tenure/conformance/network';
import { StoreUnavailableError } from '@tenure/core/store';
import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { until } from '../../../test/servers/until.ts';
import { failure, granted, keyOf, missing, recordOf, serverOf, sessionOf, signal, storeOf } from './rig.ts';

const flavours = await Promise.all(
  (['redis', 'redis8', 'valkey'] as const).map(async (flavour) => ({
    flavour,
    there: (await serverOrSkip(flavour, { own: true })) !== undefined,
  })),
);

// Since Redis 7.2 WAIT waits for what was written on that connection, and for nothing else.
describe.for(flavours)('a repeat on a new connection, of $flavour', ({ flavour, there }) => {
  it.skipIf(!there)(
    'counts no more than the first try when no replica has the claim or checkpoint',
    async () => {
      const { members } = await serverOf({ replicas: 1, flavour });
      const proxy = await startProxy({ host: '127.0.0.1', port: members[0]!.port });
      const url = `redis://127.0.0.1:${proxy.port}`;
      const session = await sessionOf(storeOf({ url, replicas: 1, replicasTimeoutMs: 200 }));
      const term = await granted(session, keyOf('held'));
      members[1]!.suspend();
      const mine = recordOf();
      for (const [claimId, verb] of [
        [mine.claimId, () => session.claim(keyOf('job'), mine, signal)],
        [term.claimId, () => session.save(term, 'page 1', 1, signal)],
      ] as const) {
        const cut = proxy.cutAnswer({ matching: claimId });
        expect(await failure(verb())).toBeInstanceOf(StoreUnavailableError);
        await cut;
        for (let i = 0; i < 2; i += 1) {
          const repeated = await failure(verb());
          expect(repeated).toBeInstanceOf(StoreUnavailableError);
          expect(String(repeated)).toContain('0 of 1 replicas');
        }
      }
      members[1]!.resume();
      await until('the claim counts', async () =>
        (await session.claim(keyOf('job'), mine, signal).catch(() => {}))?.outcome === 'granted'
          ? true
          : undefined,
      );
      await session.save(term, 'page 1', 1, signal);
      await proxy.close();
    },
  );
});

describe.skipIf(missing)('a client of node-redis that makes bytes of texts', () => {
  it('is understood: what its term does is no loss', async () => {
    const { url } = await serverOf();
    const client = createClient({ url, commandOptions: { typeMapping: { 36: Buffer } } });
    const store = storeOf({ client });
    const session = await sessionOf(store);
    const term = await granted(session, keyOf('bytes'));
    await session.announce(term, { ...recordOf(), id: 'shown' }, signal);
    await session.save(term, 'page 1', 1, signal);
    expect((await store.holder(keyOf('bytes'), signal))?.value).toContain('"shown"');
    expect((await session.renew(signal)).news).toEqual([]);
  });
});
