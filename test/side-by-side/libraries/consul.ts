import { setTimeout as pause } from 'node:timers/promises';
import Consul from 'consul';
import { deferred, POLL_MS, renewalMs } from '../library.ts';
import type { Access, Library } from '../library.ts';

interface Pair {
  readonly Session?: string;
  readonly ModifyIndex: number;
}

/**
 * The loop of HashiCorp's guide on leader elections, with this client: create a session, `?acquire`, renew, and watch
 * the key. As in Go's `RenewPeriodic`, no renewal for a whole TTL is a loss. The lock-delay is one TTL: that is Consul's
 * own guard against a holder that learns late.
 */
export async function consulLoop({ url, id, ttlMs }: Access): Promise<Library> {
  const { hostname, port } = new URL(url);
  const consul = new Consul({ host: hostname, port: Number(port) });
  const timed = <T extends object>(call: T): T => ({ ...call, timeout: renewalMs(ttlMs) });

  async function hold(key: string, session: string, renewing: AbortController) {
    const lost = deferred();
    let isLost = false;
    const lose = (): void => {
      isLost = true;
      renewing.abort();
      lost.resolve();
    };
    const renewal = renew(session, renewing.signal).then(lose);
    while (!(await consul.kv.set(timed({ key, value: id, acquire: session })))) {
      if (renewing.signal.aborted) throw new Error('the session ended while it waited');
      await pause(POLL_MS);
    }
    void watch(key, session, renewing.signal).then(lose);
    return {
      stillOurs: () => !isLost,
      lost: lost.promise,
      release: async () => {
        renewing.abort();
        await renewal;
        await consul.kv.set(timed({ key, value: id, release: session }));
        const left = (await consul.kv.get(timed({ key }))) as Pair | null;
        if (left && !left.Session) await consul.kv.del(timed({ key, cas: left.ModifyIndex }));
        await consul.session.destroy(timed({ id: session }));
      },
    };
  }

  /** Resolves when the session is known to be gone, or must be taken for it. */
  async function renew(session: string, over: AbortSignal): Promise<void> {
    let renewedAt = performance.now();
    for (;;) {
      await pause(renewalMs(ttlMs), undefined, { signal: over }).catch(() => {});
      if (over.aborted) return;
      const sentAt = performance.now();
      try {
        await consul.session.renew(timed({ id: session }));
        renewedAt = sentAt;
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return;
        if (performance.now() - renewedAt >= ttlMs) return;
      }
    }
  }

  /** Resolves when the key is not held by this session any more. */
  async function watch(key: string, session: string, over: AbortSignal): Promise<void> {
    let index = 0;
    while (!over.aborted) {
      const query = { key, wait: '10s', timeout: 12_000, ...(index > 0 && { index: String(index) }) };
      try {
        const pair = (await consul.kv.get(query)) as Pair | null;
        if (pair?.Session !== session) return;
        index = pair.ModifyIndex;
      } catch {
        await pause(POLL_MS);
      }
    }
  }

  return {
    acquire: async (key) => {
      const renewing = new AbortController();
      const { ID } = await consul.session.create(
        timed({ ttl: `${ttlMs}ms`, lockdelay: `${ttlMs}ms`, behavior: 'release' as const, checks: [] }),
      );
      try {
        return await hold(key, ID, renewing);
      } catch (error) {
        renewing.abort();
        await consul.session.destroy(timed({ id: ID })).catch(() => {});
        throw error;
      }
    },
    close: async () => consul.destroy(),
  };
}
