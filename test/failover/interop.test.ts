import { describe, expect, test } from 'vitest';
import { findBinary } from '../servers/binaries.ts';
import { serverOrSkip } from '../servers/availability.ts';
import { until } from '../servers/until.ts';
import { request } from '../servers/request.ts';
import { Arena } from './arena.ts';
import { Command } from './command.ts';
import type { Contender } from './contender.ts';

const KEY = 'nightly/report';

/** Tenure leads, and somebody looks on who does not stand. */
async function leaderAndObserver(arena: Arena): Promise<[leader: Contender, observer: Contender]> {
  const [leader, observer] = await arena.enter(
    { id: 'leader', keys: [KEY] },
    { id: 'observer', keys: [KEY] },
  );
  await leader!.lead();
  observer!.tell({ order: 'observe', keys: [KEY] });
  await observer!.next('leader', (report) => report.leader?.id === 'leader');
  return [leader!, observer!];
}

const etcd = await serverOrSkip('etcd', { own: true });
const etcdctl = etcd && (await findBinary('etcdctl'));

test.skipIf(!etcdctl)(
  'etcdctl elect and Tenure take turns in one election, and see one another',
  async () => {
    await using arena = await Arena.open('etcd');
    const election = `${arena.namespace}/${KEY.replace('/', '%2F')}`;
    const [leader, observer] = await leaderAndObserver(arena);

    await using listener = new Command(arena.cluster, 'elect', '-l', election);
    await listener.prints('"id":"leader"');

    await using rival = new Command(arena.cluster, 'elect', election, 'somebody else');
    await until('etcdctl stands', async () => {
      const keys = await Command.output(arena.cluster, 'get', '--prefix', '--keys-only', `${election}/`);
      return keys.trim().split(/\s+/u).length === 2 || undefined;
    });
    expect(rival.printed).toBe('');
    leader.tell({ order: 'resign', keys: [KEY] });
    const end = await leader.next('ended');
    await rival.prints('somebody else');
    await listener.prints('somebody else');
    const foreign = await observer.next('leader', (report) => report.leader?.value === 'somebody else');
    expect(foreign.leader).toMatchObject({ id: 'somebody else' });
    expect(foreign.leader!.token).toBeGreaterThan(end.token);
    await leader.next('standing', ({ role }) => role === 'follower', end.at);
    expect(leader.of('acquired')).toHaveLength(1);

    await rival.end();
    const again = await leader.next('acquired', () => true, end.at);
    expect(again.token).toBeGreaterThan(foreign.leader!.token);
    await observer.next('leader', (report) => report.leader?.token === again.token);
    await listener.end();
    expect(await arena.verdict()).toEqual([]);
  },
);

const consul = await serverOrSkip('consul', { own: true });

describe.skipIf(!consul)('Consul', () => {
  test('consul lock and Tenure take turns at one key, and see one another', async () => {
    await using arena = await Arena.open('consul');
    const [url] = arena.cluster.urls;
    const folder = `${arena.namespace}/${KEY}`;
    const sessions = async (): Promise<{ ID: string; Name: string }[]> =>
      JSON.parse(await request(`${url}/v1/session/list`)) as { ID: string; Name: string }[];
    const [leader, observer] = await leaderAndObserver(arena);
    const [mine] = await sessions();

    await using rival = new Command(arena.cluster, 'lock', folder, 'echo it runs; exec sleep 60');
    await until('consul lock stands', async () => (await sessions()).length >= 2 || undefined);
    expect(rival.printed).toBe('');
    leader.tell({ order: 'resign', keys: [KEY] });
    const end = await leader.next('ended');
    await rival.prints('it runs');
    const foreign = await observer.next(
      'leader',
      (report) => report.leader !== undefined && report.leader.id !== 'leader',
      end.at,
    );
    expect(foreign.leader!.token).toBeGreaterThan(end.token);
    expect((await sessions()).some(({ ID }) => ID === mine!.ID)).toBe(true);
    await leader.next('standing', ({ role }) => role === 'follower', end.at);
    expect(leader.of('acquired')).toHaveLength(1);

    await rival.end();
    const again = await leader.next('acquired', () => true, end.at);
    expect(again.token).toBeGreaterThan(foreign.leader!.token);
    expect(await arena.verdict()).toEqual([]);
  });
});
