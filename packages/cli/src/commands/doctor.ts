import type { Command } from 'commander';
import { contextOf } from '../command.ts';
import type { Diagnosis } from '../doctor/diagnosis.ts';
import { examine } from '../doctor/examination.ts';
import { End } from '../end.ts';
import { Exit, exitCodes } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { printable } from '../printable.ts';

const HELP = `
Takes and gives back keys of its own (.doctor-…, in the namespace), as a leader does, and asks the server how it is. Touches
nobody else's. Leaves one checkpoint of a few bytes, under the key .doctor.

Exits with 0 when elections work, warnings or not; 1 when something is bad; 64 for a URL that makes no sense or a package
that is not installed, 69 for a store that cannot be reached, 77 where it refuses us.

Examples:
  $ tenure doctor
  $ tenure doctor --ttl 3s --store redis://10.0.0.7
  $ tenure doctor --json | jq 'select(.level != "good")'
`;

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('whether the store is fit for elections')
    .description(
      'Find out whether the store can be reached, permits what is needed, and is fast and safe enough.',
    )
    .addHelpText('after', HELP)
    .action((_options: unknown, self: Command) => doctor(self));
}

async function doctor(self: Command): Promise<void> {
  const { settings, output } = contextOf(self);
  const end = new End();
  const found: Diagnosis[] = [];
  try {
    const begun = (what: string): void => output.live(what);
    for await (const diagnosis of examine({ settings, signal: end.signal, begun })) {
      found.push(diagnosis);
      tell(diagnosis, output);
    }
  } finally {
    output.live(undefined);
    end.close();
  }
  const verdict = verdictOf(found, settings.ttlMs);
  if (!output.isJson) output.print('');
  tell(verdict, output);
  throw new Exit(verdict.code ?? exitCodes.done);
}

function tell({ check, level, text, code, fields = {} }: Diagnosis, output: Output): void {
  const { colors, isTerminal } = output;
  const marks = {
    good: isTerminal ? colors.green('✓') : 'ok',
    warning: isTerminal ? colors.yellow('!') : 'warning',
    bad: isTerminal ? colors.red('✗') : 'bad',
  };
  const row = { check, level, text, ...fields, ...(code === undefined ? {} : { exitCode: code }) };
  const mark = isTerminal ? marks[level] : marks[level].padEnd('warning'.length);
  output.data(row, `${mark} ${printable(text)}`);
}

/** Of all that is bad, what came first decides: the rest may follow from it. */
function verdictOf(found: readonly Diagnosis[], ttlMs: number): Diagnosis {
  const first = found.find(({ level }) => level === 'bad');
  const warnings = found.filter(({ level }) => level === 'warning').length;
  if (first) {
    const { code = exitCodes.no } = first;
    return { check: 'verdict', level: 'bad', text: BAD.get(code) ?? OTHERWISE_BAD, code };
  }
  const works = `elections and locks work here with a TTL of ${ttlMs} ms`;
  if (warnings === 0) return { check: 'verdict', level: 'good', text: `All is well: ${works}.`, code: 0 };
  const count = warnings === 1 ? 'one warning' : `${warnings} warnings`;
  return { check: 'verdict', level: 'warning', text: `Fit, with ${count}: ${works}.`, code: 0 };
}

const OTHERWISE_BAD = 'Not fit: elections do not work here, or not safely, until what is bad is mended.';
const BAD: ReadonlyMap<number, string> = new Map([
  [exitCodes.usage, 'Nothing can be elected like this: mend the command line, or install what is missing.'],
  [exitCodes.unreachable, 'The store cannot be reached from here: no election can be held, and none lost.'],
  [exitCodes.denied, 'The store refuses this user: nothing can be led until it is given the rights.'],
]);
