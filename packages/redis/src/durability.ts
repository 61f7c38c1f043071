/** What a server may lose, by its settings. */
import type { Finding } from '@tenure/core/store';
import { found, unseen } from './finding.ts';

/** Names and values, as INFO or CONFIG tells them. */
export type Fields = ReadonlyMap<string, string>;

export const LOST: string =
  'A holder learns of such a loss with its next renewal only, and somebody else may be granted the same lock before that.';

export function ofMemory(fields: Fields): Finding {
  const policy = fields.get('maxmemory_policy');
  const limit = Number(fields.get('maxmemory') ?? 0);
  if (policy === undefined) return unseen('maxmemory-policy', '+config|get');
  if (policy === 'noeviction')
    return found('good', 'maxmemory-policy is noeviction: no lock is thrown away for lack of memory.');
  const when = limit === 0 ? 'as soon as a maxmemory is set' : `at ${limit} bytes`;
  return found(
    limit === 0 ? 'warning' : 'bad',
    `maxmemory-policy is ${policy}: ${when}, Redis throws away keys, sessions and locks among them, and a lock that is thrown ` +
      'away is free for the next one while its holder still works. Set it to noeviction, or take a server of its own for locks.',
  );
}

export function ofDisk(fields: Fields, settings: Fields): Finding {
  const advice = `${LOST} For locks that outlive a restart: appendonly yes, appendfsync always.`;
  if (fields.get('aof_enabled') !== '1') {
    const what = settings.get('save') === '' ? 'everything' : 'everything since the last snapshot';
    return found('warning', `appendonly is no: a restart of the server loses ${what}. ${advice}`);
  }
  const how = settings.get('appendfsync');
  if (how === 'always') return found('good', 'Every write is on disk before it is answered.');
  const span =
    how === 'everysec'
      ? 'the last second'
      : how === 'no'
        ? 'what the system had not written, half a minute'
        : 'the last writes';
  return found(
    'warning',
    `A power cut loses ${span}${how ? ` (appendfsync ${how})` : ''}; a crash of Redis alone loses nothing. ${advice}`,
  );
}
