import { E_LOCK_NOT_OWNED, Verrou } from '@verrou/core';
import { redisStore } from '@verrou/core/drivers/redis';
import { POLL_MS, renewalMs } from '../library.ts';
import type { Access, Library } from '../library.ts';
import { redisClient } from './redis-client.ts';

/** Its types are those of whichever ioredis is installed beside it; it asks for 5. */
type Client = Parameters<typeof redisStore>[0]['connection'];

/** It extends nothing by itself: a timer calls `extend`, and who is refused, or finds `isExpired()`, has lost. */
export async function verrou(access: Access): Promise<Library> {
  const { ttlMs } = access;
  const connection = redisClient(access, false);
  const locks = new Verrou({
    default: 'redis',
    stores: { redis: { driver: redisStore({ connection: connection as unknown as Client }) } },
  });
  return {
    acquire: async (key) => {
      const lock = locks.createLock(key, ttlMs);
      await lock.acquire({ retry: { delay: POLL_MS } });
      let isRefused = false;
      const timer = setInterval(() => {
        lock.extend().catch((error: unknown) => {
          isRefused ||= error instanceof E_LOCK_NOT_OWNED;
        });
      }, renewalMs(ttlMs));
      return {
        stillOurs: () => !isRefused && !lock.isExpired(),
        release: async () => {
          clearInterval(timer);
          await lock.release();
        },
      };
    },
    close: async () => connection.disconnect(),
  };
}
