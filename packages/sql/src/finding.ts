/** What the checkups of all databases say in the same words. */
import type { Finding } from '@tenure/core/store';
import type { CommonSettings } from './options.ts';

export const found = (level: Finding['level'], text: string): Finding => ({ level, text });

export const isAtLeast = (version: string, least: readonly [number, number]): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > least[0] || (major === least[0] && minor >= least[1]);
};

/** `missing` are names of tables. */
export function ofMissing(missing: readonly string[], migrate: CommonSettings['migrate']): Finding {
  const names = missing.join(' and ');
  return migrate === 'auto'
    ? found('good', `The store makes ${names} when it is first used.`)
    : found(
        'bad',
        `${names} ${missing.length === 1 ? 'is' : 'are'} not there: every verb is refused. Run tenure migrate --store …`,
      );
}

export const TABLES_FIT: Finding = found('good', 'Both tables are there, and may be read and written.');
