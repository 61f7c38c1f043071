import { InvalidArgumentError } from '@tenure/core/store';
import { consul, type ConsulOptions } from '@tenure/consul';
import Consul from 'consul';
import { expect, test } from 'vitest';
import { settingsOf } from '../src/options.ts';

const refused = (options: unknown): string => {
  try {
    consul(options as ConsulOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
};

test('an option that does not exist is refused at once, with its name and value', () => {
  expect(refused({ adress: 'x' })).toMatch(/adress is "x"/u);
  expect(refused({ nodeChecks: ['a'] })).toMatch(/nodeChecks is \[ 'a' \]/u);
  expect(refused({ tls: { insecure: true } })).toMatch(/tls\.insecure is true/u);
});

test('a value that can not be used is refused at once, with its name and value', () => {
  expect(refused({ address: 'ftp://x' })).toMatch(/address is "ftp:\/\/x"/u);
  expect(refused({ address: [] })).toMatch(/address is \[\]/u);
  expect(refused({ addresses: ['ok:1', ''] })).toMatch(/addresses is/u);
  expect(refused({ address: 'a', addresses: 'b' })).toMatch(/addresses is "b"/u);
  expect(refused({ address: 'http://x', tls: {} })).toMatch(/https address/u);
  expect(refused({ lockDelayMs: -1 })).toMatch(/lockDelayMs is -1/u);
  expect(refused({ lockDelayMs: 61_000 })).toMatch(/lockDelayMs is 61000/u);
  expect(refused({ lockDelayMs: Number.NaN })).toMatch(/lockDelayMs is NaN/u);
  expect(refused({ minTtlMs: '10s' })).toMatch(/minTtlMs is "10s"/u);
  expect(refused({ maxConnections: 3 })).toMatch(/maxConnections is 3/u);
  expect(refused({ behavior: 'keep' })).toMatch(/behavior is "keep"/u);
  expect(refused({ checks: 'serfHealth' })).toMatch(/checks is "serfHealth"/u);
  expect(refused({ keyPrefix: 'apps' })).toMatch(/keyPrefix is "apps"/u);
  expect(refused({ keyPrefix: '/apps/' })).toMatch(/keyPrefix is "\/apps\/"/u);
  expect(refused({ token: '' })).toMatch(/token is ""/u);
  expect(refused({ client: {} })).toMatch(/client is \{\}/u);
  expect(refused({ client: new Consul(), address: 'x' })).toMatch(/address is "x"/u);
});

test('addresses may be written short', () => {
  const addresses = (options: ConsulOptions) => settingsOf(options).addresses;
  expect(addresses({})).toEqual(['http://127.0.0.1:8500']);
  expect(addresses({ address: '10.0.0.1' })).toEqual(['http://10.0.0.1:8500']);
  expect(addresses({ address: 'consul:80' })).toEqual(['http://consul']);
  expect(addresses({ address: ['https://consul', 'http://[::1]:1/'] })).toEqual([
    'https://consul',
    'http://[::1]:1',
  ]);
  expect(addresses({ tls: {} })).toEqual(['https://127.0.0.1:8501']);
  expect(addresses({ address: 'consul', tls: {} })).toEqual(['https://consul:8501']);
});

test('the traits say what the agent grants', async () => {
  const store = consul();
  expect(store.traits).toMatchObject({ minTtlMs: 10_000, maxTtlMs: 86_400_000, wakes: 'push', fair: false });
  await store.close();
});
