import { createTenure, openStore } from '@tenure/core';
import type { Access, Library } from '../library.ts';

export async function tenure({ url, namespace, id, ttlMs }: Access): Promise<Library> {
  const own = createTenure({ store: await openStore(url), namespace, ttlMs, candidate: { id } });
  return {
    acquire: async (key) => {
      const term = await own.lock(key).acquire();
      return {
        token: term.token,
        stillOurs: () => term.isCurrent(),
        lost: new Promise((resolve) => {
          term.signal.addEventListener('abort', resolve);
        }),
        release: () => term.release(),
      };
    },
    close: () => own.close(),
  };
}
