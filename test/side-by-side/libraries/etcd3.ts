import { setTimeout as pause } from 'node:timers/promises';
import { Etcd3, EtcdLockFailedError } from 'etcd3';
import type { Campaign } from 'etcd3';
import { deferred, POLL_MS } from '../library.ts';
import type { Access, Library } from '../library.ts';

/** A deadline for every call that is no stream, as its options' documents show. */
const clientOf = ({ url, ttlMs }: Access): Etcd3 =>
  new Etcd3({
    hosts: `http://${new URL(url).host}`,
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + ttlMs / 3 }),
  });

/** It fails at once where another holds the lock, so it is asked again. It has nothing to ask whether it still holds. */
export async function etcd3Lock(access: Access): Promise<Library> {
  const client = clientOf(access);
  return {
    acquire: async (key) => {
      for (;;) {
        const lock = client.lock(key).ttl(access.ttlMs / 1000);
        try {
          await lock.acquire();
        } catch (error) {
          if (!(error instanceof EtcdLockFailedError)) throw error;
          await pause(POLL_MS);
          continue;
        }
        return { stillOurs: () => true, release: () => lock.release() };
      }
    },
    close: async () => client.close(),
  };
}

/** The example of its documents: leader from `elected` to `error`, and after an error a new campaign. */
export async function etcd3Election(access: Access): Promise<Library> {
  const client = clientOf(access);
  return {
    acquire: async (key) => {
      const campaign = client.election(key, access.ttlMs / 1000).campaign(access.id);
      const lost = deferred();
      let isLost = false;
      await new Promise<Campaign>((resolve, reject) => {
        campaign.on('elected', () => resolve(campaign));
        campaign.on('error', (error) => {
          isLost = true;
          lost.resolve();
          reject(error);
        });
      });
      return { stillOurs: () => !isLost, lost: lost.promise, release: () => campaign.resign() };
    },
    close: async () => client.close(),
  };
}
