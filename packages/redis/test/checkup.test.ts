import { AccessDeniedError, ClosedError, NotAppliedError } from '@tenure/core/store';
import type { Checkup, Finding } from '@tenure/core/store';
import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { until } from '../../../test/servers/until.ts';
import type { RedisOptions } from '../src/index.ts';
import { redis } from '../src/index.ts';
import { failure, missing, serverOf, signal, storeOf } from './rig.ts';

const checkupOf = (options: RedisOptions): Promise<Checkup> => storeOf(options).checkup!(signal);

const textsOf = ({ findings }: Checkup, level: Finding['level']): string[] =>
  findings.filter((finding) => finding.level === level).map(({ text }) => text);

/** As the tests' servers do not come. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

describe.skipIf(missing)('the checkup of Redis', () => {
  it('names version and time by every client, and changes nothing', async () => {
    const { url, operator } = await serverOf({ args: DURABLE });
    const said = await operator.client.info('server');
    const version = /redis_version:(\S+)/u.exec(said)?.[1];
    for (const options of [{ url }, { client: createClient({ url }) }, { client: operator.client }]) {
      const before = Date.now();
      const checkup = await checkupOf(options);
      expect(checkup.product).toBe(`Redis ${version}`);
      expect(checkup.serverTimeMs).toBeGreaterThan(before - 1000);
      expect(checkup.serverTimeMs).toBeLessThan(Date.now() + 1000);
      expect(textsOf(checkup, 'bad')).toEqual([]);
      expect(textsOf(checkup, 'warning')).toEqual([expect.stringContaining('No replica follows')]);
      expect(textsOf(checkup, 'good')).toEqual([
        expect.stringContaining('noeviction'),
        expect.stringContaining('on disk before it is answered'),
      ]);
    }
    expect(await operator.client.dbsize()).toBe(0);
  });

  it('says what an eviction policy does to locks', async () => {
    const args = [...DURABLE, '--maxmemory-policy', 'allkeys-lru', '--maxmemory', '64mb'];
    const { url, operator } = await serverOf({ args });
    const limited = await checkupOf({ url });
    expect(textsOf(limited, 'bad')).toEqual([
      expect.stringMatching(/allkeys-lru: at 67108864 bytes.*noeviction/u),
    ]);
    await operator.client.config('SET', 'maxmemory', '0');
    const open = await checkupOf({ url });
    expect(textsOf(open, 'bad')).toEqual([]);
    expect(textsOf(open, 'warning')).toContainEqual(expect.stringContaining('allkeys-lru: as soon as'));
  });

  it('says what a restart loses, by the settings', async () => {
    const { url, operator } = await serverOf();
    const lossOf = async (settings: Readonly<Record<string, string>>): Promise<string> => {
      for (const [name, value] of Object.entries(settings)) await operator.client.config('SET', name, value);
      return textsOf(await checkupOf({ url }), 'warning').join('\n');
    };
    expect(await lossOf({})).toContain('a restart of the server loses everything.');
    expect(await lossOf({ save: '900 1' })).toContain('loses everything since the last snapshot');
    expect(await lossOf({ appendonly: 'yes' })).toContain('loses the last second (appendfsync everysec)');
    expect(await lossOf({ appendfsync: 'no' })).toContain('half a minute (appendfsync no)');
    expect(await lossOf({ appendfsync: 'always' })).not.toContain('loses');
  });

  it('says what replicas are worth, and that one of them takes no writes', async () => {
    const { url, urls, operator, members } = await serverOf({ replicas: 1, args: DURABLE });
    await until('the replica follows', async () =>
      (await operator.client.info('replication')).includes('state=online') ? true : undefined,
    );
    expect(textsOf(await checkupOf({ url }), 'warning')).toEqual([
      expect.stringContaining('The option replicas: 1'),
    ]);
    const careful = await checkupOf({ url, replicas: 1 });
    expect(textsOf(careful, 'warning')).toEqual([]);
    expect(textsOf(careful, 'good')).toContainEqual(expect.stringContaining('when 1 of them have it'));
    expect(textsOf(await checkupOf({ url, replicas: 2 }), 'bad')).toEqual([
      expect.stringContaining('no claim counts'),
    ]);
    expect(textsOf(await checkupOf({ url: urls[1]! }), 'bad')).toEqual([
      expect.stringContaining('is a replica'),
    ]);
    await operator.client.config('SET', 'min-replicas-to-write', '1');
    await members[1]!.kill();
    await until('the replica is gone', async () =>
      (await operator.client.info('replication')).includes('connected_slaves:0') ? true : undefined,
    );
    expect(textsOf(await checkupOf({ url }), 'bad')).toEqual([
      expect.stringContaining('refuses every claim'),
    ]);
  });

  it('tells a Cluster, and who speaks to one of its servers as if it were alone', async () => {
    const { url } = await serverOf({ cluster: true, args: DURABLE });
    const checkup = await checkupOf({ url: `${url}?cluster=true` });
    expect(checkup.product).toMatch(/^Redis \d/u);
    expect(textsOf(checkup, 'bad')).toEqual([]);
    expect(textsOf(checkup, 'good')).toContainEqual(expect.stringContaining('A Cluster'));
    expect(textsOf(await checkupOf({ url }), 'bad')).toEqual([expect.stringContaining('cluster=true')]);
  });

  it('goes on with what it may see, and says what it may not', async () => {
    const { url, operator } = await serverOf({ args: DURABLE });
    const login = url.replace('redis://', 'redis://billing:secret@');
    const rules = ['reset', 'on', '>secret', '~{billing}:*', '+time'];
    await operator.client.acl('SETUSER', 'billing', ...rules);
    const blind = await checkupOf({ url: login });
    expect(blind).toMatchObject({ product: 'Redis', serverTimeMs: expect.any(Number) });
    expect(textsOf(blind, 'warning')).toEqual([expect.stringContaining('+info')]);
    await operator.client.acl('SETUSER', 'billing', '+info');
    const dim = await checkupOf({ url: login });
    expect(dim.product).toMatch(/^Redis \d/u);
    expect(textsOf(dim, 'warning')).toContainEqual(expect.stringContaining('+config|get'));
    await operator.client.acl('SETUSER', 'billing', '-time');
    expect(await failure(checkupOf({ url: login }))).toBeInstanceOf(AccessDeniedError);
    const wrong = url.replace('redis://', 'redis://billing:guess@');
    expect(await failure(checkupOf({ url: wrong }))).toBeInstanceOf(AccessDeniedError);
  });

  it('goes on where CONFIG is a command that nobody knows, as on managed servers', async () => {
    const { url } = await serverOf({ args: [...DURABLE, '--rename-command', 'CONFIG', ''] });
    const checkup = await checkupOf({ url });
    expect(textsOf(checkup, 'bad')).toEqual([]);
    expect(textsOf(checkup, 'warning')).toContainEqual(expect.stringContaining('+config|get'));
  });

  it('fails as any verb does where nobody answers, or when it is no longer wanted', async () => {
    expect(await failure(checkupOf({ url: 'redis://127.0.0.1:1' }))).toBeInstanceOf(NotAppliedError);
    const server = await serverOf();
    const store = redis({ url: server.url });
    const leave = new AbortController();
    server.members[0]!.suspend();
    const asked = store.checkup!(leave.signal);
    const reason = new Error('enough');
    leave.abort(reason);
    expect(await failure(asked)).toBe(reason);
    server.members[0]!.resume();
    await store.close();
    expect(await failure(store.checkup!(signal))).toBeInstanceOf(ClosedError);
  });
});
