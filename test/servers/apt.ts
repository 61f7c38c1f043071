import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inTurn } from './cache.ts';
import { mirrorIn } from './mirror.ts';

const run = promisify(execFile);

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Why packages cannot be got from Debian on this machine; undefined if they can. */
export function whyNotDebian(): string | undefined {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg'))
    return 'this machine has no apt-get and dpkg';
  if (!existsSync(KEYRING)) return `this machine has no ${KEYRING}`;
  if (mirror() === undefined) return "apt's settings name no Debian mirror";
  return undefined;
}

/**
 * Downloads packages of a suite, and those of their dependencies that are wanted, into a folder. The lists of what
 * there is are fetched once a suite and kept, until a download fails: then they are likely to be out of date.
 */
export function downloadPackages(
  suite: string,
  packages: readonly string[],
  wanted: (dependency: string) => boolean,
  into: string,
): Promise<void> {
  return inTurn(`apt-${suite}`, async (folder) => {
    const configuration = await privateApt(folder, suite);
    const apt = async (...args: string[]) => {
      const env = { ...process.env, LC_ALL: 'C' };
      const { stdout } = await run('apt-get', ['-c', configuration, '-qq', ...args], { cwd: into, env });
      return stdout;
    };
    const download = async () => {
      // Nothing counts as installed, so this names everything they need; it only pretends.
      const plan = await apt('install', '--simulate', '--no-install-recommends', ...packages);
      const dependencies = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name!);
      await apt('download', ...packages, ...dependencies.filter((name) => wanted(name)));
    };
    const fetched = join(folder, 'fetched');
    if (existsSync(fetched) && (await succeeds(download))) return;
    await apt('update');
    await download();
    await writeFile(fetched, '');
  });
}

function succeeds(work: () => Promise<void>): Promise<boolean> {
  return work().then(
    () => true,
    () => false,
  );
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
    'APT::Update::Error-Mode "any";', // a mirror out of reach would only be a warning
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
