import Table from 'cli-table3';
import type { Command } from 'commander';
import type { Leader } from '@tenure/core';
import { contextOf } from '../command.ts';
import { agoText } from '../moment.ts';
import type { Output } from '../output.ts';
import { metadataText, printable } from '../printable.ts';
import { openTenure } from '../settings.ts';

const HELP = `
Examples:
  $ tenure leaders                    everything that is held in the namespace
  $ tenure leaders billing/           what begins with billing/
  $ tenure leaders --json | jq -r .leader
`;

export function addLeaders(program: Command): void {
  program
    .command('leaders')
    .summary('who leads what, and who holds which lock')
    .description(
      'Who leads what, and who holds which lock: with the fencing token, since when, and metadata.',
    )
    .argument('[prefix]', 'only keys that begin so')
    .addHelpText('after', HELP)
    .action((prefix: string | undefined, _options: unknown, self: Command) => leaders(prefix ?? '', self));
}

async function leaders(prefix: string, self: Command): Promise<void> {
  const { settings, output } = contextOf(self);
  const tenure = await openTenure(settings);
  try {
    const held = inOrder(await tenure.leaders(prefix));
    if (held.length === 0) {
      const where = prefix === '' ? 'in this namespace' : `that begins with "${prefix}"`;
      output.tell({ event: 'nobody', text: `nobody holds anything ${where}`, fields: { prefix } });
    } else if (output.isJson) {
      for (const { key, id: leader, token, acquiredAt: since = null, metadata = null } of held)
        output.data({ key, leader, token, since, metadata }, '');
    } else output.print(tableOf(held, output));
  } finally {
    await tenure.close();
  }
}

/** By their keys, whatever the language of the user. */
export const inOrder = (held: readonly Leader[]): readonly Leader[] =>
  held.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));

const NO_BORDER = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) => [
    [side, ''],
    [`${side}-mid`, ''],
    [`${side}-left`, ''],
    [`${side}-right`, ''],
  ]),
);

function tableOf(held: readonly Leader[], { colors, isTerminal }: Output): string {
  const table = new Table({
    chars: { ...NO_BORDER, middle: '' },
    head: ['KEY', 'LEADER', 'TOKEN', 'SINCE', 'METADATA'].map((name) => colors.dim(name)),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const { key, id, token, acquiredAt, metadata } of held) {
    const since = acquiredAt === undefined ? '-' : printable(isTerminal ? agoText(acquiredAt) : acquiredAt);
    table.push([
      colors.bold(printable(key)),
      colors.green(printable(id)),
      String(token),
      since,
      metadataText(metadata),
    ]);
  }
  return table.toString().replaceAll(/ +$/gmu, '');
}
