import type { Command } from 'commander';
import { InvalidArgumentError } from '@tenure/core';
import { bounded, storeModule, systemClock } from '@tenure/core/store';
import { contextOf } from '../command.ts';
import type { Output } from '../output.ts';

const HELP = `
PostgreSQL, MySQL, MariaDB and SQLite keep locks in two tables. A program whose database user may make tables needs no
migration: it makes them itself, unless its URL says migrate=false. Other stores need none at all.

Examples:
  $ tenure migrate --store postgres://owner@db/app
  $ tenure migrate --store postgres://db/app --print > 001-tenure.sql    connects to nothing
`;

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .summary('make the tables of an SQL store')
    .description('Make the tables of an SQL store, unless they are there.')
    .option('--print', 'show the statements instead')
    .addHelpText('after', HELP)
    .action((options: { readonly print?: boolean }, self: Command) => migrate(options, self));
}

/** What the modules of SQL stores export beside `openUrl`. */
interface SqlModule {
  migrateUrl(
    url: string,
    signal?: AbortSignal,
  ): Promise<{ readonly made: boolean; readonly tables: readonly string[] }>;
  createTablesSqlOfUrl(url: string): string;
}

/** Tables are made at once, or wait for somebody else's transaction. */
const PATIENCE_MS = 60_000;

async function migrate({ print = false }: { readonly print?: boolean }, self: Command): Promise<void> {
  const { settings, output } = contextOf(self);
  const module = await sqlModuleOf(settings.store);
  if (!module) {
    output.tell({
      event: 'nothing',
      text: 'this store has no tables: nothing is needed',
      fields: { tables: [] },
    });
    return;
  }
  if (print) {
    const sql = module.createTablesSqlOfUrl(settings.store);
    if (output.isJson) output.data({ sql }, '');
    else process.stdout.write(sql);
    return;
  }
  output.live('making the tables');
  try {
    const { made, tables } = await bounded(systemClock, PATIENCE_MS, (signal) =>
      module.migrateUrl(settings.store, signal),
    );
    told(output, made, tables);
  } finally {
    output.live(undefined);
  }
}

function told(output: Output, made: boolean, tables: readonly string[]): void {
  const names = tables.join(' and ');
  const text = made ? `made ${names}` : `nothing to do: ${names} were there`;
  output.tell({ event: made ? 'made' : 'nothing', text, fields: { made, tables } });
}

/** Undefined for stores that have no tables. @throws InvalidArgumentError */
async function sqlModuleOf(url: string): Promise<SqlModule | undefined> {
  const { specifier, exports } = (await storeModule(url)) ?? {};
  if (!specifier?.startsWith('@tenure/sql/')) return undefined;
  const module: Partial<SqlModule> = { ...exports };
  if (!module.migrateUrl || !module.createTablesSqlOfUrl)
    throw new InvalidArgumentError(`${specifier} is too old to migrate by URL: npm install @tenure/sql`);
  return module as SqlModule;
}
