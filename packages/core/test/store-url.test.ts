import { InvalidArgumentError } from '@tenure/core';
import { UrlParams, addressOf, namespaceOf, parseStoreUrl, redactUrl } from '@tenure/core/store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const refusal = (use: () => unknown): string => {
  try {
    use();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
};

describe('a store URL', () => {
  it('has a scheme, a login, hosts, a path and parameters', () => {
    const url = parseStoreUrl('ETCD://me:hush@h1:2379,10.0.0.2,[::1]:1/ns?tls=true&ca=/a.pem');
    expect(url).toEqual({
      scheme: 'etcd',
      username: 'me',
      password: 'hush',
      hosts: [{ host: 'h1', port: 2379 }, { host: '10.0.0.2' }, { host: '::1', port: 1 }],
      path: '/ns',
      params: new URLSearchParams({ tls: 'true', ca: '/a.pem' }),
    });
    expect(url.hosts.map((host) => addressOf(host, 99))).toEqual(['h1:2379', '10.0.0.2:99', '[::1]:1']);
  });

  it('may name a file, or nothing', () => {
    expect(parseStoreUrl('sqlite:./a%20b.db')).toMatchObject({
      scheme: 'sqlite',
      hosts: [],
      path: './a b.db',
    });
    expect(parseStoreUrl('sqlite:///var/a.db')).toMatchObject({ hosts: [], path: '/var/a.db' });
    expect(parseStoreUrl('memory:')).toMatchObject({ hosts: [], path: '' });
    expect(parseStoreUrl('etcd://h')).toMatchObject({ hosts: [{ host: 'h' }], path: '' });
  });

  it('has its parts percent-decoded, and a plus sign is a plus sign', () => {
    const { username, password, path, params } = parseStoreUrl(
      'x://a%40b:p%2Fq%3A%25:r+s@h/n%2Fm?k%3D=a%26b+c',
    );
    expect({ username, password, path }).toEqual({ username: 'a@b', password: 'p/q:%:r+s', path: '/n/m' });
    expect([...params]).toEqual([['k=', 'a&b+c']]);
  });

  it('may have a password without a user, and a user without a password', () => {
    expect(parseStoreUrl('consul://:hush@h')).not.toHaveProperty('username');
    expect(parseStoreUrl('consul://:hush@h')).toMatchObject({ password: 'hush' });
    expect(parseStoreUrl('x://me@h')).not.toHaveProperty('password');
    expect(parseStoreUrl('x://@h')).not.toHaveProperty('username');
  });

  it.each([
    ['nothing', '', 'must begin with a scheme'],
    ['no scheme', '//h', 'must begin with a scheme'],
    ['a space around it', ' etcd://h', 'must begin with a scheme'],
    ['a line break behind it', 'etcd://h/ns\n', 'spaces around'],
    ['a port that is no number', 'etcd://h:x', 'a host that is not like'],
    ['port 0', 'etcd://h:0', 'a host that is not like'],
    ['a port above 65535', 'etcd://h:65536', 'a host that is not like'],
    ['an empty host in a list', 'etcd://h1,,h2', 'a host that is not like'],
    ['IPv6 without brackets', 'etcd://::1', 'a host that is not like'],
    ['a scheme without slashes', 'etcd:h', 'must begin with etcd://'],
    ['a host where there is none', 'sqlite://u:p@h/a.db', 'and sqlite: has none'],
    ['no host behind a login', 'etcd://u:p@/ns', 'no host behind'],
    ['a raw slash in a password', 'etcd://u:1/2@h', '"/" is %2F'],
    ['a raw question mark in a password', 'etcd://u:1?2@h', '"?" is %3F'],
    ['a fragment', 'etcd://h#x', '%23'],
    ['a percent sign that encodes nothing', 'etcd://u:100%@h', '"%" in its password'],
    ['the same in a parameter', 'etcd://h?token=%zz', '"%" in its parameters'],
    ['a parameter without a value', 'etcd://h?tls', 'name=value'],
    ['something that is no string', undefined, 'got undefined'],
  ])('with %s is refused', (_what, url, message) => {
    expect(refusal(() => parseStoreUrl(url as string))).toContain(message);
  });
});

describe('what is shown of a URL', () => {
  it.each([
    ['etcd://me:hush@h1:2379/ns?token=hush', 'etcd://***@h1:2379/ns?token=***'],
    ['etcd://h1:2379,h2/ns?tls=true&ca=/a.pem&key=/b', 'etcd://h1:2379,h2/ns?tls=true&ca=/a.pem&key=***'],
    ['consul://:hush@[::1]:8500', 'consul://***@[::1]:8500'],
    ['sqlite:./a@b.db?key=hush', 'sqlite:./a@b.db?key=***'],
    ['memory:?namespace=x', 'memory:?namespace=x'],
    // Malformed: rather too much than too little.
    ['redis://u:hu/sh@h/0', 'redis://***'],
    ['redis://u:hu?sh=x@h/0', 'redis://***'],
    ['redis://u:hu#sh@h', 'redis://***'],
    ['redis://u:hush', 'redis://***'],
    ['redis://u:hu,sh', 'redis://***'],
    ['redis://:hu/sh', 'redis://***'],
    ['redis://h/0?u:hush', 'redis://h/0?***'],
    ['redis://h/0#hush', 'redis://h/0#***'],
    ['redis:u:hush@h', '***'],
    ['u:hush@h', '***'],
    ['hush', '***'],
    ['', '***'],
  ])('of %s is %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
    expect(redactUrl(shown)).toBe(shown);
  });

  it('is nothing of a password, wherever its delimiters lead, and in no refusal either', () => {
    // Not &: a secret with that is two parameters, and the second one has a name.
    const noise = fc.stringMatching(/^[/?#@:%+,=[\]\s~!$*]{0,4}$/u);
    fc.assert(
      fc.property(noise, noise, noise, fc.constantFrom('', 'me'), (a, b, c, user) => {
        const url = `etcd://${user}:${a}HUSH${b}HUSH${c}@h1:2379/ns?token=${a}HUSH${b}HUSH`;
        expect(redactUrl(url)).not.toContain('HUSH');
        try {
          parseStoreUrl(url);
        } catch (error) {
          expect((error as Error).message).not.toContain('HUSH');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the namespace of a URL', () => {
  const of = (url: string): string | undefined => namespaceOf(parseStoreUrl(url));

  it('is its path or a parameter, and may have slashes inside', () => {
    expect(of('etcd://h')).toBeUndefined();
    expect(of('etcd://h/')).toBeUndefined();
    expect(of('etcd://h/ns')).toBe('ns');
    expect(of('etcd://h/a/b%20c')).toBe('a/b c');
    expect(of('etcd://h?namespace=a/b')).toBe('a/b');
    expect(of('etcd://h/a?namespace=a')).toBe('a');
  });

  it('is refused when there are two, or when it would look the same as another', () => {
    expect(refusal(() => of('etcd://h/a?namespace=b'))).toContain('two namespaces, "a" in its path and "b"');
    expect(refusal(() => of('etcd://h/a/'))).toContain('"a/" of the etcd: URL ends in a slash');
  });
});

describe('the parameters of a URL', () => {
  const params = (query: string) =>
    new UrlParams(parseStoreUrl(`etcd://h?${query}`), ['tls', 'waitMs', 'token', 'ca', 'key']);

  it('have types', () => {
    const given = params('tls=false&waitMs=1500&token=hush');
    expect([given.flag('tls'), given.number('waitMs'), given.text('token')]).toEqual([false, 1500, 'hush']);
    expect([given.text('ca'), params('').flag('tls'), params('').number('waitMs')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(
      params(`ca=${encodeURIComponent(import.meta.filename)}`)
        .file('ca')
        ?.toString(),
    ).toContain('have types');
  });

  it('are refused by name, without their value', () => {
    const messages = [
      [refusal(() => params('tokn=HUSH')), 'no parameter "tokn"; it has tls, waitMs, token, ca, key'],
      [
        refusal(() => params('token=HUSH&token=HUSH')),
        '"token" of the etcd: URL stands there more than once',
      ],
      [refusal(() => params('token=')), '"token" of the etcd: URL is empty'],
      [refusal(() => params('tls=HUSH').flag('tls')), '"tls" of the etcd: URL must be true or false'],
      [refusal(() => params('waitMs=HUSH').number('waitMs')), '"waitMs" of the etcd: URL must be a number'],
      [refusal(() => params('waitMs=-1').number('waitMs')), '"waitMs"'],
      [refusal(() => params('key=/HUSH').file('key')), '"key" of the etcd: URL must name a file'],
      [refusal(() => params('ca=-----BEGIN HUSH').file('ca')), '"ca" of the etcd: URL must name a file'],
      [refusal(() => params('ca=/no/such').file('ca')), 'that can be read, not "/no/such": ENOENT'],
    ] as const;
    for (const [message, expected] of messages) {
      expect(message).toContain(expected);
      expect(message).not.toContain('HUSH');
    }
  });
});
