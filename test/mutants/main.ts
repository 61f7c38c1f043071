/**
 * `pnpm mutants [rule …]`: takes one safety rule at a time out of a copy of the code and runs the tests of the core
 * against it. Every mutant must be killed; what kills it is printed.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutations } from './mutations.ts';
import type { Mutation } from './mutations.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function copyOfTheCode(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'tenure-mutants-'));
  const skip = new Set([join(root, 'node_modules'), join(root, '.git')]);
  await cp(root, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !skip.has(path.replace(/\/$/u, '')),
  });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** The names of the tests that failed; undefined when none did. */
async function failures(copy: string): Promise<readonly string[] | undefined> {
  const report = join(copy, 'report.json');
  // A run that does not end writes none.
  await rm(report, { force: true });
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--config',
      'test/vitest.config.ts',
      '--project',
      'unit',
      '--reporter=json',
      `--outputFile=${report}`,
      '--testTimeout=10000',
      'packages/core/test',
    ],
    { cwd: copy, stdio: 'ignore', detached: true },
  );
  return new Promise((resolve) => {
    // A mutant may loop for ever: that is a failure too.
    const timer = setTimeout(() => {
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    }, 90_000);
    child.once('exit', (status) => {
      clearTimeout(timer);
      if (status === 0) resolve(undefined);
      else
        readFile(report, 'utf8').then(
          (text) => resolve(namesIn(JSON.parse(text))),
          () => resolve(['(the run did not end)']),
        );
    });
  });
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const namesIn = ({ testResults }: Report): string[] =>
  testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  );

async function tryOut(
  { file, edits }: Mutation,
  copy: string,
  judge: (copy: string) => Promise<readonly string[] | undefined> = failures,
): Promise<readonly string[] | undefined> {
  const sound = new Map<string, string>();
  try {
    for (const [from, to, other] of edits) {
      const path = join(copy, 'packages/core/src', other ?? file);
      const text = await readFile(path, 'utf8');
      if (!sound.has(path)) sound.set(path, text);
      if (text.split(from).length !== 2) throw new Error(`not exactly once in ${other ?? file}: ${from}`);
      await writeFile(
        path,
        text.replace(from, () => to),
      );
    }
    return await judge(copy);
  } finally {
    for (const [path, text] of sound) await writeFile(path, text);
  }
}

const wanted = process.argv.slice(2);
const chosen = mutations.filter(({ rule }) => wanted.length === 0 || wanted.includes(rule));
const copy = await copyOfTheCode();
let survivors = 0;
try {
  // Before any time is spent: every edit still fits the code.
  for (const mutation of mutations) await tryOut(mutation, copy, async () => undefined);
  const sound = await failures(copy);
  if (sound) throw new Error(`the tests fail without any mutation: ${sound.slice(0, 5).join('; ')}`);
  for (const mutation of chosen) {
    const killers = await tryOut(mutation, copy);
    if (!killers) survivors += 1;
    say(`${mutation.rule.padEnd(4)} ${killers ? 'killed  ' : 'SURVIVED'}  ${mutation.what}`);
    for (const name of killers?.slice(0, 2) ?? []) say(`               by: ${name}`);
    if (killers && killers.length > 2) say(`               and ${killers.length - 2} more`);
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
say(`\n${chosen.length - survivors} of ${chosen.length} mutants killed`);
process.exitCode = survivors === 0 ? 0 : 1;
