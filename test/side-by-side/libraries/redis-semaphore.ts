import { Mutex } from 'redis-semaphore';
import { deferred, POLL_MS, renewalMs } from '../library.ts';
import type { Access, Library } from '../library.ts';
import { redisClient } from './redis-client.ts';

/** Its types are those of ioredis 6; it works with 4, 5 and 6. */
type Client = ConstructorParameters<typeof Mutex>[0];

/** Its example "with lost lock handling": `isAcquired` before each step, and `onLockLost`. */
export async function redisSemaphore(access: Access, impatient = false): Promise<Library> {
  const { ttlMs } = access;
  const client = redisClient(access, impatient);
  return {
    acquire: async (key) => {
      const lost = deferred();
      const mutex = new Mutex(client as unknown as Client, key, {
        lockTimeout: ttlMs,
        refreshInterval: renewalMs(ttlMs),
        retryInterval: POLL_MS,
        acquireTimeout: Number.POSITIVE_INFINITY,
        onLockLost: lost.resolve,
      });
      await mutex.acquire();
      return { stillOurs: () => mutex.isAcquired, lost: lost.promise, release: () => mutex.release() };
    },
    close: async () => client.disconnect(),
  };
}
