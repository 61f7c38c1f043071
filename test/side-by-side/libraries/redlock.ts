import Redlock from 'redlock';
import { deferred, POLL_MS, renewalMs } from '../library.ts';
import type { Access, Library } from '../library.ts';
import { redisClient } from './redis-client.ts';

/** `using`, which extends by itself and whose signal is what its documents tell to look at. */
export async function redlock(access: Access, impatient = false): Promise<Library> {
  const { ttlMs } = access;
  const client = redisClient(access, impatient);
  const locks = new Redlock([client], {
    // Of extending and of releasing; `using` goes on by itself until the lock has run out.
    retryCount: 1,
    retryDelay: POLL_MS,
    retryJitter: 0,
    automaticExtensionThreshold: ttlMs - renewalMs(ttlMs),
  });
  return {
    acquire: async (key) => {
      const end = deferred();
      const lost = deferred();
      let using: Promise<void> = Promise.resolve();
      const signal = await new Promise<AbortSignal>((resolve, reject) => {
        using = locks.using([key], ttlMs, { retryCount: -1 }, async (given) => {
          given.addEventListener('abort', lost.resolve);
          resolve(given);
          await end.promise;
        });
        using.catch(reject);
      });
      return {
        stillOurs: () => !signal.aborted,
        lost: lost.promise,
        release: async () => {
          end.resolve();
          await using;
        },
      };
    },
    close: async () => client.disconnect(),
  };
}
