import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { canEnter, type Account } from './account.ts';
import { whyNotDebian } from './apt.ts';
import { unpackedPackages, unpackedProgram } from './debian.ts';
import { serversFolder } from './keeper.ts';
import { runProgram, type Program } from './program.ts';
import { SOURCES, type ProgramName, type Source } from './sources.ts';

const found = new Map<ProgramName, Promise<Program>>();

/** A program that runs here: one of this machine's, otherwise Debian's, got on first use. Rejects with the reason. */
export function getProgram(name: ProgramName): Promise<Program> {
  let program = found.get(name);
  if (!program) {
    program = fromMachine(name).then((own) => own ?? fromDebian(name));
    found.set(name, program);
  }
  return program;
}

/** As getProgram, for those who can do without. */
export function findProgram(name: ProgramName): Promise<Program | undefined> {
  return getProgram(name).catch(() => undefined);
}

const copies = new Map<string, Promise<void>>();

/** As getProgram, for an account that may be unable to enter the cache: then in a copy that goes with this process. */
export async function getProgramFor(account: Account | undefined, name: ProgramName): Promise<Program> {
  const program = await getProgram(name);
  const { folder } = program;
  if (!account || folder === undefined || canEnter(account, folder)) return program;
  const { source, path } = SOURCES[name];
  const copy = join(serversFolder(), 'programs', source.name);
  let copying = copies.get(copy);
  if (!copying) {
    copying = cp(folder, copy, { recursive: true, verbatimSymlinks: true });
    copies.set(copy, copying);
  }
  await copying;
  return unpackedProgram(copy, path, source);
}

async function fromMachine(name: ProgramName): Promise<Program | undefined> {
  const { command, folders = [], version } = SOURCES[name];
  if (command === undefined) return undefined;
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = [...folders.flatMap(expanded), ...path].map((folder) => join(folder, command));
  for (const file of new Set(candidates)) {
    const program = { file, args: [], env: {} };
    if (isProgram(file) && (await says(program, version).catch(() => false))) return program;
  }
  return undefined;
}

async function fromDebian(name: ProgramName): Promise<Program> {
  const reason = whyNotDebian();
  if (reason !== undefined) throw new Error(`no ${name} on PATH, and none from Debian: ${reason}`);
  const { source, path, version } = SOURCES[name];
  const folder = await unpackedPackages(source, async (draft) => {
    if (!(await says(unpackedProgram(draft, path, source), version)))
      throw new Error(`not the ${name} expected`);
  });
  return unpackedProgram(folder, path, source);
}

async function says(program: Program, { args, says: expected }: Source['version']): Promise<boolean> {
  return expected.test(await runProgram(program, args));
}

/** One folder, or for a path with a star all that there are, the greatest number first. */
function expanded(pattern: string): string[] {
  const [parent, rest] = pattern.split('*');
  if (rest === undefined) return [pattern];
  if (!existsSync(parent!)) return [];
  const names = readdirSync(parent!).toSorted((a, b) => Number(b) - Number(a));
  return names.map((name) => join(parent!, name, rest));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
