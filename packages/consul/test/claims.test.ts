import {
  ClaimLostError,
  decodeRecord,
  InvalidArgumentError,
  StoreUnavailableError,
} from '@tenure/core/store';
import { startProxy } from '@tenure/conformance/network';
import { describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { memberOf } from './agent.ts';
import { failureOf, pass, soon, withConsul } from './bench.ts';
import { startDeafAgent } from './deaf.ts';

describe.skipIf(!(await serverOrSkip('consul')))('a claim', () => {
  const here = withConsul();

  const hinted = (session: { taken(hint: () => void): () => void }) =>
    new Promise<void>((resolve) => {
      session.taken(resolve);
    });

  test('takes a key as consul lock and api.Lock do: same key, same flags, a session', async () => {
    const session = await here.bench.session();
    const granted = await here.bench.grant(session);
    const text = await (await fetch(`${memberOf(here.cluster).url}/v1/kv/${here.bench.path()}`)).text();
    expect(text).toMatch(/"Flags": ?3304740253564472344,/u);
    const pair = await here.bench.agent.pair(here.bench.path());
    expect(pair).toMatchObject({ Session: session.id, LockIndex: 1 });
    expect(BigInt(pair?.ModifyIndex ?? 0)).toBe(granted.token);
  });

  test('contends with consul lock, in both directions', async () => {
    const session = await here.bench.session();
    const granted = await here.bench.grant(session);
    const name = `${here.bench.namespace}/job`;
    const attempt = here.cluster.cli(['lock', '-try=1s', name, 'true'], { stdio: 'ignore' });
    expect(await new Promise((resolve) => attempt.once('exit', resolve))).not.toBe(0);

    const child = here.cluster.cli(['lock', name, 'sleep', '60'], { stdio: 'ignore' });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    await session.release(here.bench.key(), granted.claimId, soon());
    await expect
      .poll(async () => (await here.bench.agent.pair(here.bench.path()))?.Session, { timeout: 10_000 })
      .toBeTruthy();
    const held = await here.bench.held(session);
    const store = here.bench.store();
    const token = held.holder?.token ?? 0n;
    expect(token).toBeGreaterThan(granted.token);
    expect(await store.list(here.bench.key(''), soon())).toEqual([held.holder]);
    expect(await store.evict(here.bench.key(), token, { force: false }, soon())).toBe(false);
    expect(await store.evict(here.bench.key(), token, { force: true }, soon())).toBe(true);
    await session.park(held, soon());
    await here.bench.grant(session);
    // It has noticed, killed its child and left.
    await exited;
  });

  test('that was taken is lost for good: it is news until released, and its id wins no second time (T24)', async () => {
    const session = await here.bench.session();
    const record = here.bench.record();
    const granted = await here.bench.grant(session, 'job', record);
    const hint = hinted(session);
    await here.bench.agent.delete(`/kv/${here.bench.path()}`);
    await hint;
    for (let i = 0; i < 2; i += 1) {
      expect((await session.renew(soon())).news).toEqual([{ claimId: record.claimId, what: 'deleted' }]);
    }
    expect(await failureOf(session.claim(here.bench.key(), record, soon()))).toBeInstanceOf(ClaimLostError);
    await session.release(here.bench.key(), record.claimId, soon());
    expect((await session.renew(soon())).news).toEqual([]);
    expect((await here.bench.grant(session)).token).toBeGreaterThan(granted.token);
  });

  test('of a session that holds the key already takes nothing, however close the race (S7)', async () => {
    const session = await here.bench.session();
    for (let round = 0; round < 20; round += 1) {
      const name = `job-${round}`;
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, () => session.claim(here.bench.key(name), here.bench.record(), soon())),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'granted')).toHaveLength(1);
    }
  });

  test('ends by a forced eviction that its session outlives, with no lock-delay for the next', async () => {
    const session = await here.bench.session({ lockDelayMs: 20_000 });
    const kept = await here.bench.grant(session, 'kept');
    const granted = await here.bench.grant(session);
    const other = await here.bench.session();
    const held = await here.bench.held(other);
    const hint = hinted(session);
    const woken = other.park(held, soon());
    expect(await here.bench.store().evict(here.bench.key(), granted.token, { force: true }, soon())).toBe(
      true,
    );
    await Promise.all([hint, woken]);
    expect((await session.renew(soon())).news).toEqual([{ claimId: granted.claimId, what: 'forced' }]);
    const next = await here.bench.grant(other);
    expect(next.token).toBeGreaterThan(granted.token);
    await session.release(here.bench.key(), granted.claimId, soon());
    expect((await here.bench.agent.pair(here.bench.path()))?.Session).toBe(other.id);
    await session.announce(kept, here.bench.record(kept.claimId), soon());
  });

  test('that was taken, and has not heard of it, saves nothing', async () => {
    const deaf = await startDeafAgent(memberOf(here.cluster));
    const session = await here.bench.session({ address: deaf.address });
    const granted = await here.bench.grant(session);
    await here.bench.store().evict(here.bench.key(), granted.token, { force: true }, soon());
    const other = await here.bench.session();
    const next = await here.bench.grant(other);
    expect(await failureOf(session.save(granted, 'late', 1, soon()))).toBeInstanceOf(ClaimLostError);
    await other.release(here.bench.key(), next.claimId, soon());
    expect((await here.bench.grant(other)).checkpoint).toBeUndefined();
    await deaf.close();
  });

  test('is asked back by a mark that announcements leave in place', async () => {
    const session = await here.bench.session();
    const granted = await here.bench.grant(session);
    const hint = hinted(session);
    const store = here.bench.store();
    expect(await store.evict(here.bench.key(), granted.token, { force: false }, soon())).toBe(true);
    await hint;
    await session.announce(granted, here.bench.record(granted.claimId, 'new'), soon());
    const holder = await store.holder(here.bench.key(), soon());
    expect(holder?.token).toBe(granted.token);
    expect(decodeRecord(holder?.value ?? '')).toMatchObject({ evict: true, metadata: 'new' });
    expect((await session.renew(soon())).news).toEqual([{ claimId: granted.claimId, what: 'evicted' }]);
    expect((await here.bench.agent.pair(here.bench.path()))?.LockIndex).toBe(1);
  });

  test('survives a plain PUT, which zeroes LockIndex but leaves the lock: its record is written back (T31)', async () => {
    const session = await here.bench.session();
    const store = here.bench.store();
    const granted = await here.bench.grant(session, 'job', here.bench.record(undefined, 'mine'));
    await session.announce(granted, here.bench.record(granted.claimId, 'announced'), soon());
    const tokens: (bigint | undefined)[] = [];
    const over = new AbortController();
    const watching = (async () => {
      for await (const holder of store.watch(here.bench.key(), over.signal)) tokens.push(holder?.token);
    })().catch(() => {});
    await here.bench.agent.put(`/kv/${here.bench.path()}`, 'graffiti');
    expect(await here.bench.agent.pair(here.bench.path())).toMatchObject({
      LockIndex: 0,
      Session: session.id,
    });
    await here.bench.held(await here.bench.session());
    expect((await session.renew(soon())).news).toEqual([]);
    await expect
      .poll(async () => decodeRecord((await store.holder(here.bench.key(), soon()))?.value ?? '')?.metadata)
      .toBe('announced');
    expect((await store.holder(here.bench.key(), soon()))?.token).toBe(granted.token);
    await session.save(granted, 'still here', 1, soon());
    await pass(100);
    over.abort();
    await watching;
    expect(new Set(tokens)).toEqual(new Set([granted.token]));
    await here.bench.agent.put(`/kv/${here.bench.path()}`, 'graffiti');
    await session.release(here.bench.key(), granted.claimId, soon());
    expect(await here.bench.agent.pair(here.bench.path())).toBeUndefined();
  });

  test('that went through unanswered is found again, and gives the same token to each who asks', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(here.cluster).port });
    const session = await here.bench.session({ address: `http://127.0.0.1:${proxy.port}` });
    const record = here.bench.record();
    const cut = proxy.cutAnswer({ matching: '"Verb":"lock"' });
    expect(await failureOf(session.claim(here.bench.key(), record, soon()))).toBeInstanceOf(
      StoreUnavailableError,
    );
    await cut;
    const pair = await here.bench.agent.pair(here.bench.path());
    expect((await here.bench.grant(session, 'job', record)).token).toBe(BigInt(pair?.ModifyIndex ?? 0));
    await session.release(here.bench.key(), record.claimId, soon());
    await proxy.close();
  });

  test('that was given up unanswered, and is applied after that, is swept away by a renewal', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(here.cluster).port });
    const session = await here.bench.session({ address: `http://127.0.0.1:${proxy.port}` });
    const record = here.bench.record();
    const cut = proxy.cutAnswer({ matching: '"Verb":"lock"' });
    await failureOf(session.claim(here.bench.key(), record, soon()));
    await cut;
    await session.release(here.bench.key(), record.claimId, soon());
    expect(await here.bench.agent.pair(here.bench.path())).toBeUndefined();
    // The late one: what the transaction under way would do.
    const value = Buffer.from(JSON.stringify(record)).toString('base64');
    const operation = { Verb: 'lock', Key: here.bench.path(), Session: session.id, Value: value };
    await here.bench.agent.put('/txn', [{ KV: operation }]);
    await session.renew(soon());
    await expect.poll(() => here.bench.agent.pair(here.bench.path())).toBeUndefined();
    await proxy.close();
  });

  test('is not misled by a key that is named like a refusal', async () => {
    const session = await here.bench.session();
    const name = 'invalid session "permission denied" lock delay';
    const granted = await here.bench.grant(session, name);
    const held = await here.bench.held(await here.bench.session(), name);
    expect(held.holder?.token).toBe(granted.token);
    await session.release(here.bench.key(name), granted.claimId, soon());
  });

  test('does not touch a semaphore', async () => {
    const body = '[{"KV":{"Verb":"set","Key":"KEY","Flags":16210313421097356768,"Value":"e30="}}]';
    await here.bench.agent.put('/txn', body.replace('KEY', here.bench.path()));
    const session = await here.bench.session();
    const error = await failureOf(session.claim(here.bench.key(), here.bench.record(), soon()));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toMatch(/semaphore/u);
  });

  test('wins a key that was left behind, in one transaction when it has been watched', async () => {
    const past = await here.bench.session({}, 1000);
    const session = await here.bench.session();
    const before = await here.bench.grant(past);
    const held = await here.bench.held(session);
    await session.park(held, soon());
    expect(await here.bench.agent.pair(here.bench.path())).toMatchObject({
      ModifyIndex: expect.any(Number) as number,
    });
    expect((await here.bench.grant(session)).token).toBeGreaterThan(before.token);
  });
});
