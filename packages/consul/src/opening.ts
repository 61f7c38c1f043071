import { StoreUnavailableError, type SessionRequest } from '@tenure/core/store';
import { durationMs } from './duration.ts';
import { ConsulSession, destroy } from './session.ts';
import type { Site } from './site.ts';

interface RawSession {
  readonly ID: string;
  readonly Name: string;
  readonly TTL: string;
  readonly CreateIndex: number;
}

/** The request's id makes the name unique: it is how an unanswered request is found again. */
const nameOf = ({ name, id }: SessionRequest) => `${name} (tenure ${id})`;

/** `isRepeated`: an earlier request for this session went unanswered, so that it may be there already. */
export async function openSession(
  site: Site,
  request: SessionRequest,
  { isRepeated }: { readonly isRepeated: boolean },
  signal: AbortSignal,
): Promise<ConsulSession> {
  if (isRepeated) {
    const [found, ...others] = await find(site, nameOf(request), signal);
    await Promise.allSettled(others.map(({ ID }) => destroy(site, ID, signal)));
    if (found) {
      const ttlMs = durationMs(found.TTL) ?? request.ttlMs;
      return new ConsulSession(site, { id: found.ID, ttlMs, adopted: true });
    }
  }
  const { lockDelayMs, behavior, checks } = site.settings;
  const { body } = await site.connection.ask(
    'renewals',
    {
      name: 'open',
      method: 'PUT',
      path: '/session/create',
      body: JSON.stringify({
        Name: nameOf(request),
        TTL: `${request.ttlMs}ms`,
        // As text with its unit: what is missing or looks like zero means 15 s, a bare number seconds.
        LockDelay: `${lockDelayMs}ms`,
        Behavior: behavior,
        // Under both names: agents from 1.7 on add the node's own check to whichever is missing.
        Checks: checks,
        NodeChecks: checks,
      }),
    },
    signal,
  );
  const id = (body as Partial<RawSession> | undefined)?.ID;
  if (typeof id !== 'string')
    throw new StoreUnavailableError(`consul: open: unexpected answer ${JSON.stringify(body)}`);
  return new ConsulSession(site, { id, ttlMs: request.ttlMs, adopted: false });
}

/** Newest first. */
async function find(site: Site, name: string, signal: AbortSignal): Promise<RawSession[]> {
  const { body } = await site.connection.ask(
    'renewals',
    { name: 'open', method: 'GET', path: '/session/list', query: { consistent: '1' } },
    signal,
  );
  const sessions = (Array.isArray(body) ? (body as RawSession[]) : []).filter(({ Name }) => Name === name);
  return sessions.toSorted((one, other) => other.CreateIndex - one.CreateIndex);
}
