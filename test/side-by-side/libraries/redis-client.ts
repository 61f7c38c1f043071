import { Redis } from 'ioredis-5';
import { timeoutMs } from '../library.ts';
import type { Access } from '../library.ts';

/**
 * As the libraries' own documents make it; `impatient`: with a time-out for commands, which none of them mentions and
 * which lets a renewal on a dead connection fail at all.
 */
export function redisClient({ url, ttlMs }: Access, impatient: boolean): Redis {
  const client = impatient
    ? new Redis(url, { commandTimeout: timeoutMs(ttlMs), maxRetriesPerRequest: 1 })
    : new Redis(url);
  // It reconnects; unheard, it would print each attempt.
  client.on('error', () => {});
  return client;
}
