import { RootCommand, script } from '@bomb.sh/tab';
import { Argument } from 'commander';
import type { Command, Option } from 'commander';
import { createTenure, openStore } from '@tenure/core';
import { bounded, systemClock } from '@tenure/core/store';
import { bashScript } from './bash-completion.ts';

const HELP = `
Keys are completed, too, when TENURE_STORE is set (or --store stands before them) and the store answers within a second.

Examples:
  $ source <(tenure completion bash)                                    in ~/.bashrc
  $ source <(tenure completion zsh)                                     in ~/.zshrc, after compinit
  $ tenure completion fish > ~/.config/fish/completions/tenure.fish
  PS> tenure completion powershell | Out-String | Invoke-Expression     in $PROFILE
`;

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .summary('a script that teaches your shell to complete this')
    .description('Print a script that teaches a shell to complete commands, options and keys.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell: string) => {
      const name = program.name();
      if (shell === 'bash') process.stdout.write(bashScript(name));
      else script(shell, name, name);
    });
  program
    .command('complete', { hidden: true })
    .description('What those scripts ask for: what could stand in place of the last word.')
    .argument('[words...]', 'after --')
    .action(async (words: readonly string[]) => {
      await complete(program, words);
      // Whatever a store that did not answer in time still waits for.
      process.exit();
    });
}

/** Whose first argument is a key. */
const KEYED: ReadonlySet<string> = new Set(['run', 'lock', 'elect', 'observe', 'leaders', 'evict']);
/** Told to the shell on the last line: complete files. */
const FILES = ':0';

/** What follows `--` is another program's: there are files. */
async function complete(program: Command, words: readonly string[]): Promise<void> {
  const before = words.slice(0, -1);
  if (before.includes('--')) {
    process.stdout.write(`${FILES}\n`);
    return;
  }
  const isKey = before.some((word) => KEYED.has(word)) && !words.at(-1)?.startsWith('-');
  // Tab takes what follows --name=value for its value.
  const apart = before.filter((word) => !/^--[^=]+=/u.test(word));
  treeOf(program, isKey ? await keysFor(before) : []).parse([...apart, words.at(-1) ?? '']);
}

/**
 * Our commands as tab has them. Not by its adapter for Commander, which knows no options that stand before a command and
 * after it, asks for no keys, and takes what follows `--` for ours.
 */
function treeOf(program: Command, keys: readonly string[]): RootCommand {
  const root = new RootCommand();
  const help = program.createHelp();
  addOptions(root, help.visibleOptions(program));
  for (const command of help.visibleCommands(program)) {
    const branch = root.command(command.name(), command.summary() || command.description());
    addOptions(branch, [...help.visibleOptions(command), ...program.options]);
    const [first] = command.registeredArguments;
    const choices = first?.argChoices ?? (KEYED.has(command.name()) ? keys : []);
    if (first) branch.argument(first.name(), (tell) => choices.forEach((choice) => tell(choice, '')));
  }
  return root;
}

function addOptions(branch: ReturnType<RootCommand['command']>, options: readonly Option[]): void {
  for (const { long, short, description, required, optional, argChoices = [] } of options) {
    const name = long?.slice('--'.length);
    const alias = short?.slice('-'.length);
    if (name === undefined) continue;
    if (!required && !optional) branch.option(name, description, alias);
    else branch.option(name, description, (tell) => argChoices.forEach((choice) => tell(choice, '')), alias);
  }
}

/** A person waits. */
const PATIENCE_MS = 1000;

/** None, and no complaint, where there is no store or no answer. */
async function keysFor(words: readonly string[]): Promise<readonly string[]> {
  const url = valueIn(words, ['-s', '--store']) ?? process.env['TENURE_STORE'] ?? '';
  const namespace = valueIn(words, ['-n', '--namespace']) ?? process.env['TENURE_NAMESPACE'];
  try {
    return await bounded(systemClock, PATIENCE_MS, async () => {
      const store = await openStore(url);
      const held = await createTenure({
        store,
        ...(namespace === undefined ? {} : { namespace }),
      }).leaders();
      // Shells take such keys apart.
      return held.map(({ key }) => key).filter((key) => !/[\s\p{Cc}]/u.test(key));
    });
  } catch {
    return [];
  }
}

function valueIn(words: readonly string[], names: readonly string[]): string | undefined {
  const joined = words.find((word) => names.some((name) => word.startsWith(`${name}=`)));
  if (joined !== undefined) return joined.slice(joined.indexOf('=') + 1);
  const at = words.findIndex((word) => names.includes(word));
  return at < 0 ? undefined : words[at + 1];
}
