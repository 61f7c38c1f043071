import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutation } from './mutation.ts';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/u, '');

/** The code as it is now, in a folder that may be broken. */
export class Copy implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Copy> {
    const folder = await mkdtemp(join(tmpdir(), 'tenure-mutants-'));
    const skip = new Set([join(ROOT, 'node_modules'), join(ROOT, '.git')]);
    await cp(ROOT, folder, { recursive: true, verbatimSymlinks: true, filter: (path) => !skip.has(path) });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return new Copy(folder);
  }

  /** Breaks it for as long as `work` takes. */
  async broken<T>(mutation: Mutation, work: () => Promise<T>): Promise<T> {
    const files = await brokenFiles(mutation, this.folder);
    const sound = await Promise.all(
      [...files.keys()].map(async (path): Promise<[string, string]> => [path, await readFile(path, 'utf8')]),
    );
    try {
      for (const [path, text] of files) await writeFile(path, text);
      return await work();
    } finally {
      for (const [path, text] of sound) await writeFile(path, text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What the mutation makes of the files below `root`. @throws where an edit does not fit the code exactly once */
export async function brokenFiles(
  { package: name, file, edits }: Mutation,
  root: string = ROOT,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const [from, to, other] of edits) {
    const path = join(root, 'packages', name, 'src', other ?? file);
    const text = files.get(path) ?? (await readFile(path, 'utf8'));
    if (text.split(from).length !== 2)
      throw new Error(`not exactly once in ${name}/src/${other ?? file}: ${from}`);
    files.set(
      path,
      text.replace(from, () => to),
    );
  }
  return files;
}
