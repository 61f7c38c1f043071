import { expect, test } from 'vitest';
import { escapeName, layout, unescapeName } from '../src/keys.ts';

const { lock, checkpoint, search, name } = layout('apps/');
const path = (namespace: string, text: string) => lock({ namespace, name: text });

test('plain names stay readable, slashes and letters of any language included', () => {
  expect(path('billing', 'nightly-report')).toBe('apps/billing/nightly-report/.lock');
  expect(path('billing', 'eu/west 1/größe.日本')).toBe('apps/billing/eu/west 1/größe.日本/.lock');
  expect(checkpoint({ namespace: 'billing', name: 'a/b' })).toBe('apps/billing/a/b/.checkpoint');
});

test('what the HTTP API would refuse or rewrite is escaped', () => {
  expect(escapeName('a//b')).toBe('a/%/b');
  expect(escapeName('')).toBe('%');
  expect(escapeName('../x/.')).toBe('%2E%2E/x/%2E');
  expect(escapeName('50%')).toBe('50%25');
  expect(escapeName('a\u00a0\n🥊')).toBe('a%C2%A0%0A%F0%9F%A5%8A');
  expect(escapeName('\ud800')).toBe('%uD800');
});

test('no two keys share a path, and every path gives its name back', () => {
  const names = [
    '',
    '%',
    '%%',
    '%25',
    '.',
    '..',
    '%2E',
    '/',
    '//',
    'a',
    'a/',
    '/a',
    'a/b',
    'a//b',
    'a/.lock',
  ];
  names.push(
    '.lock',
    '.checkpoint',
    'a/.checkpoint',
    'ü',
    'u\u0308',
    '🥊',
    '%F0%9F%A5%8A',
    '\ud83e',
    '%uD83E',
  );
  const namespaces = ['t', 't/a', 't%2Fa', '', '.', '..', '%'];
  const seen = new Map<string, string>();
  for (const namespace of namespaces) {
    for (const text of names) {
      const key = { namespace, name: text };
      for (const place of [lock(key), checkpoint(key)]) {
        expect(seen.get(place), `${place} of ${JSON.stringify(key)}`).toBeUndefined();
        seen.set(place, JSON.stringify(key));
        expect(place).not.toMatch(/\/\/|\/\.{1,2}\//u);
      }
      expect(unescapeName(escapeName(text))).toBe(text);
      expect(name(namespace, lock(key))).toBe(text);
      expect(lock(key).startsWith(search({ namespace, name: text }))).toBe(true);
    }
  }
});

test('what is no lock of a namespace has no name there', () => {
  for (const other of [
    'apps/t/a/.checkpoint',
    'apps/t/.lock',
    'apps/t2/a/.lock',
    't/a/.lock',
    'apps/t/a/b',
  ]) {
    expect(name('t', other)).toBeUndefined();
  }
});
