import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { downloadPackages } from './apt.ts';
import { inCache } from './cache.ts';
import type { Program } from './program.ts';

const run = promisify(execFile);

/** Packages that are unpacked into one folder, together. */
export interface DebianPackages {
  /** The folder in the cache. */
  readonly name: string;
  /** The releases to look in, in this order: not every release has them. */
  readonly suites: readonly string[];
  readonly packages: readonly string[];
  /**
   * - none: the program needs nothing but a libc of any age;
   * - beside libc: of a release that is no newer than this machine's, so that this machine's libc will do;
   * - with libc: of any release, all of them, run by their own loader.
   */
  readonly libraries: 'none' | 'beside libc' | 'with libc';
}

/**
 * The folder of the unpacked packages: got once, with a configuration of apt's that leaves the machine's own lists
 * and packages alone, and never installed. `works` says whether what is in the folder can be used here.
 */
export function unpackedPackages(
  { name, suites, packages, libraries }: DebianPackages,
  works: (folder: string) => Promise<void>,
): Promise<string> {
  const wanted = (dependency: string) =>
    libraries !== 'none' &&
    isLibrary(dependency) &&
    !USELESS.test(dependency) &&
    (libraries === 'with libc' || dependency !== 'libc6');
  return inCache(name, async (folder) => {
    const failures: unknown[] = [];
    for (const suite of suites) {
      process.stderr.write(`getting ${packages.join(', ')} from Debian ${suite} …\n`);
      const began = performance.now();
      try {
        const archives = join(folder, 'archives');
        await mkdir(archives);
        await downloadPackages(suite, packages, wanted, archives);
        for (const archive of await readdir(archives))
          await run('dpkg', ['-x', join(archives, archive), folder]);
        for (const needless of [archives, ...NEEDLESS.map((path) => join(folder, path))])
          await rm(needless, { recursive: true, force: true });
        await works(folder);
        process.stderr.write(`got ${packages[0]} in ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
        return;
      } catch (error) {
        failures.push(error);
        for (const entry of await readdir(folder)) await rm(join(folder, entry), { recursive: true });
      }
    }
    const reasons = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
    throw new AggregateError(failures, `no ${packages[0]} from Debian:\n${reasons.join('\n')}`);
  });
}

const isLibrary = (name: string): boolean => name.startsWith('lib') && !name.endsWith('-perl');

/** Large, and needed only to install the packages, or to compile queries. */
const USELESS =
  /^lib(llvm|z3|perl|gdbm|db5|c-(bin|l10n|gconv)|pam-modules|semanage|sepol|systemd-shared|mount|blkid)/;

const NEEDLESS = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/lintian',
  'usr/lib/postgresql/15/lib/bitcode',
];

/** How a program in the folder of such packages is run. */
export function unpackedProgram(folder: string, path: string, { libraries }: DebianPackages): Program {
  const file = join(folder, path);
  if (libraries === 'none') return { file, args: [], env: {}, folder };
  const places = libraryFolders(folder);
  if (libraries === 'beside libc') {
    return { file, args: [], env: { LD_LIBRARY_PATH: places.join(delimiter) }, folder };
  }
  const loader = places
    .flatMap((place) => readdirSync(place).map((name) => join(place, name)))
    .find((candidate) => /\/ld-linux[^/]*\.so\.\d+$/.test(candidate));
  if (loader === undefined) throw new Error(`there is no loader in ${folder}`);
  const args = ['--library-path', places.join(delimiter), '--argv0', file, file];
  return { file: loader, args, env: {}, folder };
}

/** Of older releases some are in /lib, because there it is the same folder. */
function libraryFolders(folder: string): string[] {
  const parents = ['usr/lib', 'lib'].map((part) => join(folder, part));
  return parents.flatMap((parent) =>
    entries(parent)
      .filter((name) => name.includes('-linux-gnu'))
      .map((name) => join(parent, name)),
  );
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
