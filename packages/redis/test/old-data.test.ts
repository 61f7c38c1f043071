import { describe, expect, it } from 'vitest';
import { granted, keyOf, missing, recordOf, serverOf, sessionOf, signal, storeOf } from './rig.ts';

describe.skipIf(missing)('a server that came back with old data', () => {
  const lock = '{test}:lock:job';

  it('and holds a key for a claim that was released since, lets the same session have it', async () => {
    const { url, operator } = await serverOf();
    const session = await sessionOf(storeOf({ url }));
    const former = await granted(session, keyOf('job'));
    const old = await operator.client.dumpBuffer(lock);
    await session.release(keyOf('job'), former.claimId, signal);
    await operator.client.restore(lock, 0, old, 'REPLACE');
    const next = await granted(session, keyOf('job'));
    expect(next.token).toBeGreaterThan(former.token);
  });

  it('is not asked for what another claim of the same session holds rightly', async () => {
    const { url } = await serverOf();
    const session = await sessionOf(storeOf({ url }));
    const former = await granted(session, keyOf('job'));
    const second = await session.claim(keyOf('job'), recordOf(), signal);
    expect(second).toMatchObject({ outcome: 'held', holder: { token: former.token } });
  });
});
