import { InvalidArgumentError } from '@tenure/core/store';
import { Etcd3 } from 'etcd3';
import { describe, expect, it } from 'vitest';
import { etcd } from '../src/index.ts';
import type { EtcdOptions } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';

const PEM = '-----BEGIN CERTIFICATE-----\n';

describe('the options of etcd()', () => {
  it('refuses what makes no sense, naming option and value', () => {
    const refused: [unknown, RegExp][] = [
      [{}, /"hosts" must name at least one.*undefined/u],
      [{ hosts: [] }, /"hosts" must name at least one.*\[\]/u],
      [{ hosts: '127.0.0.1:2379' }, /"hosts" must be URLs.*"127\.0\.0\.1:2379"/u],
      [{ hosts: 'localhost:2379' }, /"hosts" must be URLs/u],
      [{ hosts: 'etcd://127.0.0.1' }, /"hosts" must be URLs/u],
      [{ hosts: 'http://' }, /"hosts" must be URLs/u],
      [{ hosts: 'http://a:99999' }, /"hosts" must be URLs.*99999/u],
      [{ hosts: 'http://a/path' }, /"hosts" must be URLs.*path/u],
      [{ hosts: ['http://a', 7] }, /"hosts" must be URLs.*7/u],
      [{ hosts: ['http://a', 'https://b'] }, /all http or all https.*http:\/\/a:2379, https:\/\/b:2379/u],
      [{ hosts: 'http://a', host: 'b' }, /unknown option "host"; known are hosts, auth/u],
      [{ hosts: 'http://a', auth: { username: 'u' } }, /"auth\.password"/u],
      [{ hosts: 'http://a', auth: { username: '', password: 'p' } }, /"auth\.username"/u],
      [{ hosts: 'http://a', auth: { username: 'u', password: 'p', realm: 'r' } }, /"auth\.realm"/u],
      [{ hosts: 'http://a', auth: 'u:p' }, /"auth" must be an object/u],
      [{ hosts: 'http://a', credentials: { rootCertificate: PEM } }, /"credentials" need https.*http:\/\/a/u],
      [{ hosts: 'https://a', credentials: {} }, /"credentials\.rootCertificate" must be PEM/u],
      [{ hosts: 'https://a', credentials: { rootCertificate: '/etc/ca.pem' } }, /must be PEM/u],
      [{ hosts: 'https://a', credentials: { rootCertificate: PEM, privateKey: PEM } }, /go together/u],
      [{ hosts: 'https://a', credentials: { rootCertificate: PEM, ca: PEM } }, /"credentials\.ca"/u],
      [{ client: {} }, /"client" must be an Etcd3/u],
      ['http://a', /"options" must be an object/u],
      [undefined, /"options" must be an object/u],
    ];
    for (const [options, message] of refused) {
      expect(() => etcd(options as EtcdOptions)).toThrow(InvalidArgumentError);
      expect(() => etcd(options as EtcdOptions)).toThrow(message);
    }
  });

  it('does not print a password that was put into a URL', () => {
    expect(() => etcd({ hosts: 'http://root:hush@a:2379' })).toThrow(/go into "auth"/u);
    expect(() => etcd({ hosts: 'http://root:hush@a:2379' })).not.toThrow(/hush/u);
  });

  it('refuses a client together with what the client has itself', () => {
    const client = new Etcd3({ hosts: 'http://127.0.0.1:1' });
    expect(() => etcd({ client, hosts: 'http://a' })).toThrow(/"hosts" and "client" exclude each other/u);
    client.close();
  });

  it('takes one URL or several, with or without port, IPv6 too, and each once', () => {
    expect(settingsOf({ hosts: 'http://a' }).hosts).toEqual(['http://a:2379']);
    expect(settingsOf({ hosts: ['HTTPS://a:443/', 'https://[::1]', 'https://a:443'] }).hosts).toEqual([
      'https://a:443',
      'https://[::1]:2379',
    ]);
  });
});
