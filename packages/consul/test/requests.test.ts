import { describe, expect, onTestFinished, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { memberOf } from './agent.ts';
import { pass, soon, withConsul } from './bench.ts';
import { startRecorder } from './recorder.ts';

const WRITE = 'PUT /v1/txn';

describe.skipIf(!(await serverOrSkip('consul')))('requests', () => {
  const here = withConsul();

  const recorded = async () => {
    const recorder = await startRecorder(memberOf(here.cluster));
    onTestFinished(() => recorder.close());
    const session = await here.bench.session({ address: recorder.address });
    recorder.requests.length = 0;
    return { recorder, session, requests: recorder.requests };
  };
  const names = Array.from({ length: 64 }, (_, index) => `job-${index}`);

  test('a claim is one and a release is one, on one connection', async () => {
    const { recorder, session, requests } = await recorded();
    for (let round = 0; round < 10; round += 1) {
      const { claimId } = await here.bench.grant(session);
      await session.release(here.bench.key(), claimId, soon());
    }
    expect(requests).toEqual(Array.from({ length: 20 }, () => WRITE));
    // The other one has opened the session.
    expect(recorder.connections).toBe(2);
  });

  test('64 claims at once are four, and 64 releases two', async () => {
    const { session, requests } = await recorded();
    const granted = await Promise.all(names.map((name) => here.bench.grant(session, name)));
    expect(requests).toEqual(Array.from({ length: 4 }, () => WRITE));
    expect(new Set(granted.map(({ key }) => key.name)).size).toBe(64);
    await Promise.all(granted.map(({ key, claimId }) => session.release(key, claimId, soon())));
    expect(requests.filter((each) => each.startsWith('PUT'))).toHaveLength(6);
    expect(await here.bench.agent.keys(`${here.bench.namespace}/`)).toEqual([]);
  });

  test('16 claims at once of which two are refused are three: all, those that can win, and a look', async () => {
    const other = await here.bench.session();
    for (const name of ['job-3', 'job-9']) await here.bench.grant(other, name);
    const { session, requests } = await recorded();
    const claims = names
      .slice(0, 16)
      .map((name) => session.claim(here.bench.key(name), here.bench.record(), soon()));
    const held = (await Promise.all(claims)).filter(({ outcome }) => outcome === 'held');
    expect(held.map(({ key }) => key.name)).toEqual(['job-3', 'job-9']);
    expect(requests).toEqual([`${WRITE} refused`, WRITE, `${WRITE}?consistent=1`]);
  });

  test('a query that was answered is followed by the claim, and by nothing else', async () => {
    const other = await here.bench.session();
    const { claimId } = await here.bench.grant(other);
    const { session, requests } = await recorded();
    const held = await here.bench.held(session);
    const parked = session.park(held, soon());
    await pass(300);
    const before = requests.length;
    expect(requests.filter((each) => each.startsWith('GET'))).toHaveLength(1);
    await other.release(here.bench.key(), claimId, soon());
    await parked;
    await here.bench.grant(session);
    expect(requests.slice(before)).toEqual([WRITE]);
  });

  test('of eight who wait in one process the oldest is granted the key', async () => {
    const other = await here.bench.session();
    const { claimId } = await here.bench.grant(other);
    const { session } = await recorded();
    const over = new AbortController();
    const helds = await Promise.all(Array.from({ length: 8 }, () => here.bench.held(session)));
    const won: number[] = [];
    const parks = helds.map(async (held, index) => {
      await session.park(held, over.signal);
      const record = here.bench.record(held.claimId);
      const { outcome } = await session.claim(here.bench.key(), record, over.signal);
      if (outcome === 'granted') won.push(index);
    });
    await other.release(here.bench.key(), claimId, soon());
    await expect.poll(() => won).toEqual([0]);
    over.abort();
    await Promise.allSettled(parks);
    expect(won).toEqual([0]);
  });

  test('a lock that has been held for a moment is watched by a query, one that has not is looked at by the renewal', async () => {
    const { session, requests } = await recorded();
    const first = await here.bench.grant(session, 'first');
    await expect.poll(() => requests.filter((each) => each.startsWith('GET')).length).toBe(1);
    const young = await here.bench.grant(session, 'young');
    await here.bench.agent.delete(`/kv/${here.bench.path('young')}`);
    expect((await session.renew(soon())).news).toEqual([{ claimId: young.claimId, what: 'deleted' }]);
    await session.release(first.key, first.claimId, soon());
  });
});
