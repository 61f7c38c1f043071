import { createTenure, InvalidArgumentError, openStore } from '@tenure/core';
import { openUrl } from '@tenure/consul';
import { describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { makeCertificates } from '../../../test/servers/certificates.ts';
import { startConsul } from '../../../test/servers/consul.ts';

const refusal = (url: string): string => {
  try {
    openUrl(url);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as Error).message;
  }
  throw new Error(`${url} was accepted`);
};

describe('a consul: URL', () => {
  it('makes a store with the options it names', () => {
    const store = openUrl(
      'consul://h1:8500,h2/team/jobs?datacenter=dc2&keyPrefix=apps/&minTtlMs=1000&lockDelayMs=0',
    );
    expect(store).toMatchObject({ name: 'consul', namespace: 'team/jobs', traits: { minTtlMs: 1000 } });
    expect(openUrl('consul://h1?namespace=jobs')).toMatchObject({ namespace: 'jobs' });
    expect(openUrl('consul://:token@h1/')).not.toHaveProperty('namespace');
    expect(openUrl('consul://h1?tls=true').name).toBe('consul');
  });

  it('that makes no sense is refused, without its token', () => {
    const refused: [string, string][] = [
      ['http://h', 'does not begin with consul://'],
      ['consul:h', 'must begin with consul://'],
      ['consul://', 'names no host'],
      ['consul://HUSH@h', 'has a user name'],
      ['consul://me:HUSH@h', 'has a user name'],
      ['consul://:HUSH@h?token=HUSH', 'has two tokens'],
      ['consul://h?tokn=HUSH', 'no parameter "tokn"; it has namespace, tls'],
      ['consul://:HUSH@h?tls=HUSH', '"tls" of the consul: URL must be true or false'],
      [`consul://:HUSH@h?tls=false&ca=${import.meta.filename}`, 'which need tls=true'],
      [`consul://:HUSH@h?cert=${import.meta.filename}`, 'both "cert" and "key"'],
      ['consul://:HUSH@h?keyPrefix=apps', 'keyPrefix is "apps"'],
      ['consul://:HUSH@h?lockDelayMs=61000', 'lockDelayMs is 61000'],
      ['consul://:HUSH@h?minTtlMs=soon', '"minTtlMs" of the consul: URL must be a number'],
    ];
    for (const [url, message] of refused) {
      expect(refusal(url)).toContain(message);
      expect(refusal(url)).not.toContain('HUSH');
    }
  });
});

const own = await serverOrSkip('consul', { own: true });

describe.skipIf(!own)('a real Consul, opened by URL', () => {
  /** Whether what opens that way can take a lock. */
  const takes = async (url: string): Promise<boolean> => {
    await using tenure = createTenure({ store: await openStore(url), ttlMs: 10_000 });
    return (await tenure.lock('job').tryAcquire()) !== undefined;
  };

  it('takes the token as a password or as a parameter', async () => {
    const cluster = await startConsul({ acl: true });
    const [host] = cluster.urls.map((url) => url.replace('http://', ''));
    expect(await takes(`consul://:${cluster.token}@${host}/url`)).toBe(true);
    expect(await takes(`consul://${host}/url?token=${cluster.token}`)).toBe(true);
    await expect(takes(`consul://${host}/url`)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await cluster.stop();
  });

  it('is reached over TLS with the file that the URL names', async () => {
    const certificates = await makeCertificates();
    const cluster = await startConsul({ tls: certificates.server });
    const [host] = cluster.urls.map((url) => url.replace('https://', ''));
    expect(await takes(`consul://${host}?ca=${certificates.client.ca}`)).toBe(true);
    await expect(takes(`consul://${host}?tls=true`)).rejects.toThrow(/certificate/u);
    await cluster.stop();
    await certificates.remove();
  });
});
