import { randomBytes } from 'node:crypto';
import type { RequestHint } from '@tenure/conformance';
import type { Key } from '@tenure/core/store';
import { Redis } from 'ioredis';

export const nonce = (): string => randomBytes(8).toString('hex');

/** What a person does with redis-cli. */
export class Operator {
  readonly client: Redis;

  constructor(url: string) {
    this.client = new Redis(url, { retryStrategy: (times) => Math.min(times * 50, 500) });
    this.client.on('error', () => {});
  }

  async deleteKey({ namespace, name }: Key): Promise<void> {
    await this.client.del(`{${namespace}}:lock:${name}`);
  }

  /** Everything that is there for good, and the sessions that live. */
  async leftovers(namespace: string, requestIds: readonly string[]): Promise<string[]> {
    const keys = await this.client.keys(`{${namespace}}:*`);
    const sessions = new Set(requestIds.map((id) => `{${namespace}}:session:${id}`));
    const ours = keys.filter((key) => !key.includes(':session:') || sessions.has(key));
    const left = await Promise.all(
      // A free lock is remembered for a while.
      ours.map(async (key) => {
        if (!key.includes(':lock:')) return [key];
        const [session, checkpoint, ttlMs] = await Promise.all([
          this.client.hget(key, 'session'),
          this.client.hexists(key, 'checkpoint'),
          this.client.pttl(key),
        ]);
        return session === null && (ttlMs > 0 || checkpoint === 1) ? [] : [key];
      }),
    );
    return left.flat();
  }

  close(): void {
    this.client.disconnect();
  }
}

/** What only the request of that verb contains: the digest of its script would do for one of a kind, so its words do. */
export function pattern({ verb, key, claimId, requestId }: RequestHint): string | undefined {
  if (verb === 'open') return requestId;
  if (verb === 'claim' || verb === 'release' || verb === 'announce' || verb === 'save') return claimId;
  return key?.name;
}
