/** What only PostgreSQL can tell of itself. */
import { AccessDeniedError, InvalidArgumentError } from '@tenure/core/store';
import type { Checkup, Finding } from '@tenure/core/store';
import type { Row } from '../database.ts';
import { found, isAtLeast } from '../finding.ts';
import type { PostgresDatabase } from './database.ts';
import { dialect } from './dialect.ts';
import type { Settings } from './options.ts';
import { ofTables } from './rights.ts';
import type { Ask } from './rights.ts';

const FIRST =
  `SELECT current_setting('server_version') AS version, ${dialect.nowUs} AS us, pg_is_in_recovery() AS standby, ` +
  "current_setting('fsync') AS fsync, current_user::text AS role";
// What `synchronous_commit` is for whoever does not set it, as the store's own statements do where it is off.
const SAFETY =
  "SELECT reset_val AS commit, current_setting('synchronous_standby_names') AS names, " +
  "(SELECT count(*) FROM pg_stat_replication) AS standbys FROM pg_settings WHERE name = 'synchronous_commit'";
const ROOM =
  "SELECT current_setting('max_connections')::int AS most, current_setting('superuser_reserved_connections')::int AS kept, " +
  "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS taken";
/** @throws what any verb does when the first question is not answered; what is forbidden after that is a finding */
export async function checkup(
  database: PostgresDatabase,
  settings: Settings,
  signal: AbortSignal,
): Promise<Checkup> {
  const ask: Ask = async (text, ...values) => (await database.run({ text, values }, signal)).rows[0];
  const first = (await ask(FIRST)) ?? {};
  const version = String(first['version']).split(' ', 1)[0]!;
  const standby = first['standby'] === true;
  return {
    product: `PostgreSQL ${version}`,
    serverTimeMs: Number(first['us']) / 1000,
    findings: [
      ...ofVersion(version),
      ...(standby ? [STANDBY] : await ofSafety(ask)),
      ...(first['fsync'] === 'off' ? [NO_FSYNC] : []),
      ...(await ofTables(ask, settings, String(first['role']))),
      ...(await ofRoom(ask, settings)),
      // A standby refuses LISTEN, too.
      ...(standby ? [] : [ofListening(await database.hears(signal))]),
    ],
  };
}

/** PostgreSQL's relatives lack one view or another. */
async function unlessForbidden(asked: Promise<Row | undefined>): Promise<Row | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AccessDeniedError || error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}

function ofVersion(version: string): readonly Finding[] {
  if (isAtLeast(version, [12, 0])) return [];
  return isAtLeast(version, [10, 0])
    ? [found('warning', `PostgreSQL ${version} gets no corrections any more. Upgrade it.`)]
    : [found('bad', `PostgreSQL ${version} is too old: Tenure is made for 10 or later. Upgrade it.`)];
}

const STANDBY = found(
  'bad',
  'The server is a standby, which cannot be written: no lock can be had. Name the primary in the URL.',
);
const NO_FSYNC = found(
  'warning',
  'fsync is off: a crash of the machine may lose who was granted a lock, and the database with it. Turn it on.',
);

async function ofSafety(ask: Ask): Promise<readonly Finding[]> {
  const row = await unlessForbidden(ask(SAFETY));
  if (!row) return [found('warning', 'Whether commits wait for a standby cannot be seen.')];
  const { commit, names, standbys } = row;
  if (names === '') {
    const lost =
      "a standby that takes over may not know the last grants, and two may then hold one lock until the first one's deadline";
    return [
      Number(standbys) > 0
        ? found('warning', `No commit waits for a standby: ${lost}. Set synchronous_standby_names.`)
        : found(
            'good',
            `No standby is seen to follow. Should one, without synchronous_standby_names: ${lost}.`,
          ),
    ];
  }
  return commit === 'local'
    ? [
        found(
          'warning',
          'synchronous_commit is local: commits do not wait for the standbys in synchronous_standby_names, which may miss the last grants. Set it to on.',
        ),
      ]
    : [found('good', 'A commit waits for a standby: one that takes over knows every grant.')];
}

async function ofRoom(ask: Ask, { maxConnections, listen }: Settings): Promise<readonly Finding[]> {
  const row = await unlessForbidden(ask(ROOM));
  if (!row) return [];
  const [most, kept, taken] = [row['most'], row['kept'], row['taken']].map(Number) as [
    number,
    number,
    number,
  ];
  const each = maxConnections + (listen === undefined ? 0 : 1);
  const text = `${taken} of ${most} connections are taken, ${kept} are kept for superusers, and a process with this store uses up to ${each}`;
  if (most - kept - taken >= each) return [found('good', `${text}.`)];
  return [
    found(
      'warning',
      `${text}: one that gets none cannot renew, and its terms end. Raise max_connections, or lower maxConnections.`,
    ),
  ];
}

function ofListening(hears: boolean | undefined): Finding {
  if (hears === undefined)
    return found('good', 'listen is false: waiters look every second, and are not woken.');
  if (hears) return found('good', 'Waiters are woken by NOTIFY.');
  return found(
    'warning',
    'Nothing can be heard, as through a pooler that lends connections by the transaction: waiters look every second instead ' +
      'of being woken. Give the way to the server itself, listen: { url } (listen=… in a URL), or say listen: false.',
  );
}
