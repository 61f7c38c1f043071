import type { Redis } from 'ioredis';

const MOVED = 'moved to Tenure';

/** True once go-dlm's key is taken for good. False while a go-dlm lock holds it. */
export async function closeDoor(redis: Redis, key: string): Promise<boolean> {
  // No TTL: it ends only when somebody deletes it. A go-dlm deletes nothing but its own token.
  if ((await redis.set(key, MOVED, 'NX')) === 'OK') return true;
  return (await redis.get(key)) === MOVED;
}
