import { InvalidArgumentError } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { Layout } from '../src/keys.ts';
import {
  granted,
  held,
  keyOf,
  missing,
  recordOf,
  serverOf,
  sessionOf,
  signal,
  storeOf,
  tenureOf,
} from './rig.ts';

const NAMES = [
  'Job',
  'job',
  'job ',
  ' job',
  'a:b',
  'a:lock:b',
  '{a}',
  '}{',
  '%7B',
  '100 %',
  '*?[x]\\',
  '\r\n$3',
  '日本 🗝',
  'é',
  'e\u0301',
  'x'.repeat(1024),
];

describe.skipIf(missing)('keys', () => {
  it('may be any text, as names and as namespaces, and none is another', async () => {
    const { url } = await serverOf();
    const store = storeOf({ url });
    for (const namespace of NAMES) {
      const session = await sessionOf(store, 60_000, namespace);
      for (const name of NAMES) {
        const key = keyOf(name, namespace);
        const { token } = await granted(session, key);
        expect(await store.holder(key, signal)).toMatchObject({ key: name, token });
        await held(session, key);
      }
      const all = await store.list(keyOf('', namespace), signal);
      expect(all.map(({ key }) => key).toSorted()).toEqual(NAMES.toSorted());
    }
  });

  it('wake who waits, whatever they are called', async () => {
    const { url } = await serverOf();
    for (const name of ['{a}:b', '100 %', '🗝 ']) {
      const [holder, waiter] = [
        tenureOf({ url }, { namespace: name, ttlMs: 60_000 }),
        tenureOf({ url }, { namespace: name, ttlMs: 60_000 }),
      ];
      const first = await holder.lock(name).acquire();
      const next = waiter.lock(name).acquire();
      await waiter.lock(name).tryAcquire();
      await first.release();
      expect((await next).token).toBeGreaterThan(first.token);
    }
  });

  it('of one namespace are not listed in another that it begins with, nor under another prefix', async () => {
    const { url } = await serverOf();
    const store = storeOf({ url });
    const prefixed = storeOf({ url, keyPrefix: 'prod:' });
    await granted(await sessionOf(store, 60_000, 'a'), keyOf('x', 'a'));
    await granted(await sessionOf(store, 60_000, 'a:b'), keyOf('x', 'a:b'));
    await granted(await sessionOf(prefixed, 60_000, 'a'), keyOf('x', 'a'));
    for (const each of [store, prefixed]) expect(await each.list(keyOf('', 'a'), signal)).toHaveLength(1);
    expect(await prefixed.holder(keyOf('x', 'a:b'), signal)).toBeUndefined();
  });

  it('that two namespaces could share are different', () => {
    const layout = new Layout('');
    const keys = NAMES.flatMap((namespace) => [
      layout.held(namespace),
      layout.news(namespace),
      layout.changes(namespace),
      layout.session(namespace, 'a'),
      ...NAMES.map((name) => layout.lock(keyOf(name, namespace))),
    ]);
    expect(new Set(keys).size).toBe(keys.length);
    // The hash tag is what stands between the first brace and the next closing one: the whole namespace.
    for (const namespace of NAMES) {
      const tag = /\{([^}]*)\}/u.exec(layout.lock(keyOf('{x}', namespace)))?.[1];
      expect(decodeURIComponent(tag?.replaceAll(/%(?!7B|7D|25)/gu, '%25') ?? '')).toBe(namespace);
    }
  });

  it('that are not text are refused, for Redis would take one for the other', async () => {
    const { url } = await serverOf();
    const session = await sessionOf(storeOf({ url }));
    for (const key of [keyOf('\ud800'), keyOf('x', '\udc00')]) {
      await expect(session.claim(key, recordOf(), signal)).rejects.toThrow(InvalidArgumentError);
    }
  });
});
