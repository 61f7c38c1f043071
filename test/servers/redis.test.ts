import { describe, expect, test } from 'vitest';
import { serverOrSkip } from './availability.ts';
import { startRedis } from './redis.ts';
import { redisCommand } from './resp.ts';
import { leavesNothing, output, trial } from './trial.ts';

const { started } = trial();

describe.each(['redis', 'valkey', 'redis8'] as const)('%s', async (flavour) => {
  const available = await serverOrSkip(flavour, { own: true });

  test.skipIf(!available)('starts empty again unless it was to append', async () => {
    const cluster = await started(startRedis({ flavour, own: true }));
    expect(await output(cluster, 'SET', 'a', '1')).toBe('OK');
    await cluster.members[0]!.restart();
    expect(await output(cluster, 'GET', 'a')).toBe('');
  });

  test.skipIf(!available)('replicas have what the first one has', async () => {
    const cluster = await started(startRedis({ flavour, replicas: 2, password: 'secret', own: true }));
    const [master, replica] = cluster.members.map(({ port }) => ({ port, password: 'secret' }));
    expect(cluster.urls).toHaveLength(3);
    expect(await output(cluster, 'SET', 'a', '1')).toBe('OK');
    await expect(redisCommand({ port: master!.port }, 'GET', 'a')).rejects.toThrow('NOAUTH');
    await expect(redisCommand(replica!, 'SET', 'a', '2')).rejects.toThrow('READONLY');
    await expect.poll(() => redisCommand(replica!, 'GET', 'a')).toBe('1');
    await cluster.members[1]!.restart();
    expect(await redisCommand(replica!, 'GET', 'a')).toBe('1');
    await leavesNothing(cluster);
  });

  test.skipIf(!available)('three masters share the slots, and each comes back to its own', async () => {
    const cluster = await started(startRedis({ flavour, cluster: true, appendonly: true, own: true }));
    const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
    for (const key of keys) expect(await output(cluster, 'SET', key, key)).toBe('OK');
    const sizes = cluster.members.map(({ port }) => redisCommand({ port }, 'DBSIZE'));
    expect(await Promise.all(sizes)).not.toContain('0');
    await cluster.members[1]!.restart();
    // The others may take it for away a little longer.
    for (const key of keys) await expect.poll(() => output(cluster, 'GET', key)).toBe(key);
    await leavesNothing(cluster);
  });
});
