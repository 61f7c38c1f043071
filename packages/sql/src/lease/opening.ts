import { InvalidArgumentError, NotAppliedError } from '@tenure/core/store';
import type { SessionRequest, Traits } from '@tenure/core/store';
import type { Opened } from './session.ts';
import { remainingOf } from './sight.ts';
import type { Site } from './site.ts';

const ATTEMPTS = 5;

/**
 * Makes the session of that request, or adopts it when an earlier, unanswered request has made it. One that has expired
 * since is made anew under the same id. Nothing ever claimed under that: whoever had an answer does not ask again.
 */
export async function openSession(
  site: Site,
  { id, ttlMs, name }: SessionRequest,
  { minTtlMs, maxTtlMs }: Traits,
  signal: AbortSignal,
): Promise<Opened> {
  if (!(ttlMs >= minTtlMs && ttlMs <= maxTtlMs)) {
    throw new InvalidArgumentError(`ttlMs must be between ${minTtlMs} and ${maxTtlMs}, got ${ttlMs}`);
  }
  await site.enter(signal);
  const { sql, newsroom } = site;
  // At the same time: it counts from before this was asked.
  const listening = newsroom.listening(signal);
  listening.catch(() => {});
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { changed } = await site.run(sql.sessions.insert(id, name, ttlMs), signal);
    const adopted = changed === 0;
    if (!adopted || (await remainingOf(site, id, signal)) > 0) {
      await listening;
      return { id, ttlMs, adopted };
    }
    await site.run(sql.sessions.deleteExpired(id), signal);
  }
  throw new NotAppliedError(`session ${id} was made and ended by others during each of ${ATTEMPTS} attempts`);
}
