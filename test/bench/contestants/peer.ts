import { randomBytes } from 'node:crypto';
import type { OpenLibrary } from '../../side-by-side/library.ts';
import type { Contestant } from '../contestant.ts';

/** Another library, as `side-by-side` drives it: with its renewals, so that it does the same job. */
export const peer = (name: string, open: OpenLibrary): Contestant => ({
  name,
  role: 'peer',
  async open({ url, namespace, ttlMs }) {
    const library = await open({ url, namespace, id: randomBytes(4).toString('hex'), ttlMs });
    return {
      acquire: (key) => library.acquire(`${namespace}.${name.replaceAll(' ', '-')}.${key}`),
      close: () => library.close(),
    };
  },
});
