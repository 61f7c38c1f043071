/** What only MySQL or MariaDB can tell of itself. */
import type { Checkup, Finding } from '@tenure/core/store';
import type { Row } from '../database.ts';
import { found, isAtLeast } from '../finding.ts';
import type { MysqlDatabase } from './database.ts';
import { dialect } from './dialect.ts';
import type { Settings } from './options.ts';
import { ofTables } from './rights.ts';

const FIRST = `SELECT VERSION() AS version, ${dialect.nowUs} AS us, CURRENT_USER() AS account`;
const NAMES = [
  'read_only',
  'super_read_only',
  'innodb_read_only',
  'innodb_flush_log_at_trx_commit',
  'log_bin',
  'binlog_format',
  'max_allowed_packet',
  'wsrep_on',
  'group_replication_single_primary_mode',
  'rpl_semi_sync_master_enabled',
  'rpl_semi_sync_source_enabled',
];
const VARIABLES = `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${NAMES.map((name) => `'${name}'`).join(', ')})`;
const FOLLOWERS =
  "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'";
const LEAST_PACKET_BYTES = 4 * 1024 * 1024;

type Ask = (text: string) => Promise<readonly Row[]>;
type Variables = ReadonlyMap<string, string>;

/** @throws what any verb does when the first question is not answered; what is forbidden after that is a finding */
export async function checkup(
  database: MysqlDatabase,
  settings: Settings,
  signal: AbortSignal,
): Promise<Checkup> {
  const ask: Ask = async (text) => (await database.run({ text, values: [] }, signal)).rows;
  const [first = {}] = await ask(FIRST);
  // Some say 5.5.5 first, for clients of old.
  const said = String(first['version']).replace(/^5\.5\.5-/u, '');
  const isMariadb = /mariadb/iu.test(said);
  const version = said.split('-', 1)[0]!;
  const variables: Variables = new Map(
    (await ask(VARIABLES)).map((row) => [String(row['Variable_name']), String(row['Value'])]),
  );
  const readOnly = ['read_only', 'super_read_only', 'innodb_read_only'].filter((name) =>
    isOn(variables, name),
  );
  return {
    product: `${isMariadb ? 'MariaDB' : 'MySQL'} ${version}`,
    serverTimeMs: Number(first['us']) / 1000,
    findings: [
      ...ofVersion(version, isMariadb),
      ...readOnly.map(ofReadOnly),
      ofDisk(variables.get('innodb_flush_log_at_trx_commit')),
      ...ofOthers(variables),
      ...(await ofReplicas(ask, variables)),
      // Who may not write may not be asked how it would.
      ...(readOnly.length > 0 ? [] : await ofTables(ask, settings, String(first['account']))),
    ],
  };
}

const isOn = (variables: Variables, name: string): boolean =>
  variables.has(name) && !/^(?:OFF|0|NO)$/iu.test(variables.get(name)!);

function ofVersion(version: string, isMariadb: boolean): readonly Finding[] {
  if (isAtLeast(version, isMariadb ? [10, 6] : [8, 0])) return [];
  const made = isMariadb ? 'MariaDB 10.6' : 'MySQL 8';
  return [found('bad', `Version ${version} is too old: Tenure is made for ${made} or later. Upgrade it.`)];
}

const ofReadOnly = (name: string): Finding =>
  found(
    'bad',
    `${name} is on, as on a replica: the server refuses what is written, but for its administrators, and no lock can be had. ` +
      'Name the primary in the URL, or turn it off.',
  );

function ofDisk(flush: string | undefined): Finding {
  if (flush === '1') return found('good', 'A commit is on disk before it is answered.');
  return found(
    'warning',
    `innodb_flush_log_at_trx_commit is ${flush ?? 'unknown'}: a crash of the machine may lose who was granted a lock in the last ` +
      'second, and somebody else may be granted it while the first still works. Set it to 1.',
  );
}

function ofOthers(variables: Variables): readonly Finding[] {
  const findings: Finding[] = [];
  if (isOn(variables, 'wsrep_on') || variables.get('group_replication_single_primary_mode') === 'OFF') {
    findings.push(
      found(
        'warning',
        'A cluster that can be written on several nodes (Galera, Group Replication): nodes certify what was written only when it ' +
          'is committed, and a lock relies on rows that wait for each other. All processes must name one and the same node.',
      ),
    );
  }
  if (isOn(variables, 'log_bin') && variables.get('binlog_format') === 'STATEMENT') {
    findings.push(
      found(
        'bad',
        'binlog_format is STATEMENT, with which writes are refused in READ COMMITTED. Set it to ROW or MIXED.',
      ),
    );
  }
  if (Number(variables.get('max_allowed_packet') ?? LEAST_PACKET_BYTES) < LEAST_PACKET_BYTES) {
    const bytes = variables.get('max_allowed_packet');
    findings.push(
      found('warning', `max_allowed_packet is ${bytes}: long checkpoints are refused. Set it to 16M.`),
    );
  }
  return findings;
}

async function ofReplicas(ask: Ask, variables: Variables): Promise<readonly Finding[]> {
  if (!isOn(variables, 'log_bin')) return [];
  // Without PROCESS one sees one's own threads only, and so none.
  const [row] = await ask(FOLLOWERS);
  if (!(Number(row?.['n']) > 0)) return [];
  if (isOn(variables, 'rpl_semi_sync_master_enabled') || isOn(variables, 'rpl_semi_sync_source_enabled')) {
    return [
      found(
        'good',
        'A commit waits until a replica has it, unless none answers in time (semi-synchronous replication).',
      ),
    ];
  }
  return [
    found(
      'warning',
      'Replicas follow, and no commit waits for them: one that takes over may not know the last grants, and two may then hold ' +
        "one lock until the first one's deadline. Semi-synchronous replication makes that rarer.",
    ),
  ];
}
