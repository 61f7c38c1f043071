import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inCache } from './cache.ts';
import { mirrorIn } from './mirror.ts';

const run = promisify(execFile);

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface DebianPackage {
  readonly name: string;
  /** The releases to look in, in this order: not every release has it. */
  readonly suites: readonly string[];
}

/** Why packages cannot be got from Debian on this machine; undefined if they can. */
export function whyNotDebian(): string | undefined {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg'))
    return 'this machine has no apt-get and dpkg';
  if (!existsSync(KEYRING)) return `this machine has no ${KEYRING}`;
  if (mirror() === undefined) return "apt's settings name no Debian mirror";
  return undefined;
}

/**
 * The folder of an unpacked Debian package: got once, with a configuration of apt's that leaves the machine's own
 * lists and packages alone, and never installed. `works` says whether what is in the folder can be used here;
 * programs of a newer release may need a newer libc.
 */
export function unpackedPackage(
  { name, suites }: DebianPackage,
  works: (folder: string) => Promise<void>,
): Promise<string> {
  return inCache(name, async (folder) => {
    const failures: unknown[] = [];
    for (const suite of suites) {
      process.stderr.write(`getting ${name} from Debian ${suite} …\n`);
      const began = performance.now();
      try {
        await unpack(name, suite, folder);
        await works(folder);
        process.stderr.write(`got ${name} in ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
        return;
      } catch (error) {
        failures.push(error);
        for (const entry of await readdir(folder)) await rm(join(folder, entry), { recursive: true });
      }
    }
    const reasons = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
    throw new AggregateError(failures, `no ${name} from Debian:\n${reasons.join('\n')}`);
  });
}

async function unpack(name: string, suite: string, folder: string): Promise<void> {
  const apt = join(folder, 'apt');
  const configuration = await privateApt(apt, suite);
  const options = { cwd: apt, env: { ...process.env, LC_ALL: 'C' } };
  await run('apt-get', ['-c', configuration, '-qq', 'update'], options);
  await run('apt-get', ['-c', configuration, '-qq', 'download', name], options);
  const archive = (await readdir(apt)).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get downloaded no ${name}`);
  await run('dpkg', ['-x', join(apt, archive), folder]);
  await rm(apt, { recursive: true });
}

/**
 * What the machine says about proxies and the like holds, because apt reads its own settings first; sources, lists,
 * cache and the record of installed packages are ours, and so are no hooks.
 */
async function privateApt(folder: string, suite: string): Promise<string> {
  for (const part of ['lists/partial', 'cache/archives/partial', 'none']) {
    await mkdir(join(folder, part), { recursive: true });
  }
  const file = (name: string) => join(folder, name);
  await writeFile(file('status'), '');
  await writeFile(
    file('sources.list'),
    `deb [signed-by=${KEYRING} target=Packages] ${mirror()} ${suite} main\n`,
  );
  const settings = [
    `Dir::Etc::sourcelist "${file('sources.list')}";`,
    `Dir::Etc::sourceparts "${file('none')}";`,
    `Dir::Etc::preferences "${file('none/preferences')}";`,
    `Dir::Etc::preferencesparts "${file('none')}";`,
    `Dir::State "${folder}";`,
    `Dir::State::status "${file('status')}";`,
    `Dir::State::lists "${file('lists')}";`,
    `Dir::Cache "${file('cache')}";`,
    'APT::Sandbox::User "";',
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
  ];
  await writeFile(file('apt.conf'), `${settings.join('\n')}\n`);
  return file('apt.conf');
}

/** From the machine's own settings: what it gets its packages from is what it can reach. */
function mirror(): string | undefined {
  const release = /^VERSION_CODENAME=["']?([\w-]+)/m.exec(read('/etc/os-release'))?.[1];
  if (release === undefined) return undefined;
  const parts = '/etc/apt/sources.list.d';
  const names = existsSync(parts) ? readdirSync(parts).filter((name) => /\.(list|sources)$/.test(name)) : [];
  const files = ['/etc/apt/sources.list', ...names.map((name) => join(parts, name))];
  if (!/^ID=["']?debian/m.test(read('/etc/os-release'))) return undefined;
  return files.map((file) => mirrorIn(read(file), release)).find((uri) => uri !== undefined);
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
