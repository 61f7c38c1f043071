import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { openUrl as consul } from '@tenure/consul';
import { InvalidArgumentError, createTenure, openStore } from '@tenure/core';
import { storeModule } from '@tenure/core/store';
import { openUrl as etcd } from '@tenure/etcd';
import { openUrl as redis } from '@tenure/redis';
import { openUrl as mysql } from '@tenure/sql/mysql';
import { openUrl as postgres } from '@tenure/sql/postgres';
import { openUrl as sqlite } from '@tenure/sql/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const refusal = async (url: unknown): Promise<string> => {
  const error: unknown = await openStore(url as string).then(
    () => 'accepted',
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidArgumentError);
  return (error as Error).message;
};

describe('openStore', () => {
  it('opens memory: as one store for the whole process, so that tenures of it contend', async () => {
    await using one = createTenure({ store: await openStore('memory:') });
    await using other = createTenure({ store: await openStore('memory:') });
    const store = await openStore('memory:?namespace=elsewhere');
    expect(store.namespace).toBe('elsewhere');
    await using elsewhere = createTenure({ store });
    await one.lock('job').acquire();
    expect(await other.lock('job').tryAcquire()).toBeUndefined();
    expect(await elsewhere.lock('job').tryAcquire()).toBeDefined();
  });

  it('is the openUrl of the package that the scheme belongs to', async () => {
    for (const [url, name, openUrl] of [
      ['etcd://127.0.0.1/ns', 'etcd', etcd],
      ['CONSUL://127.0.0.1/ns', 'consul', consul],
      ['redis://127.0.0.1?namespace=ns', 'redis', redis],
      ['rediss://127.0.0.1?namespace=ns', 'redis', redis],
      ['postgres://127.0.0.1/db?namespace=ns', 'postgres', postgres],
      ['postgresql://127.0.0.1/db?namespace=ns', 'postgres', postgres],
      ['mysql://127.0.0.1/db?namespace=ns', 'mysql', mysql],
      ['mariadb://127.0.0.1/db?namespace=ns', 'mysql', mysql],
      ['sqlite:./never-opened.db?namespace=ns', 'sqlite', sqlite],
    ] as const) {
      const [store, own] = [await openStore(url), openUrl(url)];
      expect(store).toMatchObject({ name, namespace: 'ns', traits: own.traits });
      await Promise.all([store.close(), own.close()]);
    }
  });

  it('has its module from storeModule, which opens nothing, and memory has none', async () => {
    const { specifier, exports } = (await storeModule('postgresql://me:HUSH@127.0.0.1/db'))!;
    expect(specifier).toBe('@tenure/sql/postgres');
    expect(exports['openUrl']).toBe(postgres);
    expect(await storeModule('memory:')).toBeUndefined();
    await expect(storeModule('zookeeper://me:HUSH@h')).rejects.toThrow(
      /^no store has URLs like "zookeeper:\/\/\*\*\*@h"/u,
    );
  });

  it('refuses an unknown scheme, naming those it knows', async () => {
    for (const url of ['zookeeper://me:HUSH@h', 'localhost:2379', 'HUSH:x@h']) {
      const message = await refusal(url);
      expect(message).toMatch(
        /no store has URLs like .*; they begin with one of etcd:, consul:, .*memory:$/u,
      );
      expect(message).not.toContain('HUSH');
    }
  });

  it('refuses what is no URL', async () => {
    for (const url of ['', 'HUSH', ':HUSH@h', undefined, null, 7, new URL('etcd://me:HUSH@h')]) {
      expect(await refusal(url)).not.toContain('HUSH');
    }
    expect(await refusal('memory:x')).toContain('is "memory:" or "memory:?namespace=name"');
    expect(await refusal('memory:?name=x')).toContain('no parameter "name"; it has namespace');
  });
});

describe('openStore, where packages are missing', () => {
  let folder: string;
  let entry: string;

  /** A package with one entry point, in that project. */
  async function install(project: string, name: string, subpath: string, source: string): Promise<void> {
    const home = join(folder, project, 'node_modules', name);
    await mkdir(home, { recursive: true });
    const exported = { [subpath]: { types: './index.d.ts', default: './index.js' } };
    await writeFile(join(home, 'package.json'), JSON.stringify({ name, type: 'module', exports: exported }));
    await writeFile(join(home, 'index.js'), source);
  }

  /** The error of `openStore`, or the name of the store, of a process that has core from elsewhere. */
  async function open(project: string, url: string, before = ''): Promise<string> {
    const program = `
      import { inspect } from 'node:util';
      import { openStore } from ${JSON.stringify(pathToFileURL(entry).href)};
      ${before}
      await openStore(${JSON.stringify(url)}).then(
        (store) => console.log('opened', store.name),
        (error) => console.log(error.code + ' ' + error.message, '| cause:', error.cause?.code ?? error.cause?.message),
      );`;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { cwd: join(folder, project), env: { PATH: process.env['PATH'] } },
    );
    expect(stderr).toBe('');
    return stdout.trim();
  }

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'tenure-open-')));
    const core = fileURLToPath(new URL('..', import.meta.url));
    const home = join(folder, 'global/node_modules/@tenure/core');
    entry = join(home, 'dist/index.js');
    await cp(join(core, 'dist'), join(home, 'dist'), { recursive: true });
    await cp(join(core, 'package.json'), join(home, 'package.json'));
    for (const name of ['rxjs', 'eventemitter3']) {
      await symlink(await realpath(join(core, 'node_modules', name)), join(dirname(dirname(home)), name));
    }
    await mkdir(join(folder, 'empty'));
    await install(
      'project',
      '@tenure/redis',
      '.',
      `export const openUrl = (url) => ({ name: 'of the project' });`,
    );
    await install('project', '@tenure/sql', './postgres', `import 'pg'; export const openUrl = () => ({});`);
    await install('project', '@tenure/consul', '.', `throw new Error('a bug in it');`);
    await install('project', '@tenure/etcd', '.', `export const etcd = () => ({});`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('says what to install, drivers too, and not the password', async () => {
    expect(await open('empty', 'redis://me:HUSH@x')).toBe(
      'INVALID_ARGUMENT the store "redis://***@x" needs the package @tenure/redis: npm install @tenure/redis | cause: undefined',
    );
    expect(await open('empty', 'postgres://x/db')).toContain(
      'the store "postgres://x/db" needs the package @tenure/sql: npm install @tenure/sql pg',
    );
    expect(await open('empty', 'mariadb://x/db')).toContain('npm install @tenure/sql mysql2');
    expect(await open('empty', 'sqlite:./x.db')).toContain('npm install @tenure/sql libsql');
  });

  it('finds the package of the working directory when core is installed elsewhere', async () => {
    expect(await open('project', 'redis://x')).toBe('opened of the project');
    await mkdir(join(folder, 'project/deep/down'), { recursive: true });
    expect(await open('project/deep/down', 'redis://x')).toBe('opened of the project');
  });

  it('prefers the package beside core to that of the working directory', async () => {
    await install('global', '@tenure/redis', '.', `export const openUrl = () => ({ name: 'beside core' });`);
    expect(await open('project', 'redis://x')).toBe('opened beside core');
    await rm(join(folder, 'global/node_modules/@tenure/redis'), { recursive: true });
  });

  it('says that a package is broken rather than missing, with the reason as the cause', async () => {
    expect(await open('project', 'consul://x')).toBe(
      'INVALID_ARGUMENT @tenure/consul cannot be loaded: a bug in it | cause: a bug in it',
    );
    const driver = await open('project', 'postgres://x/db');
    expect(driver).toContain("@tenure/sql/postgres cannot be loaded: Cannot find package 'pg'");
    expect(driver).toContain('npm install @tenure/sql pg | cause: ERR_MODULE_NOT_FOUND');
    // The package is there, its entry point is not.
    expect(await open('project', 'mysql://x/db')).toContain('@tenure/sql/mysql cannot be loaded');
    expect(await open('project', 'etcd://x')).toContain('@tenure/etcd is too old to open URLs: npm install');
  });

  it('passes on why a package refuses a URL, unless that may quote the URL', async () => {
    const refuse = (error: string): Promise<void> =>
      install('refusing', '@tenure/redis', '.', `export const openUrl = (url) => { throw ${error}; };`);
    await refuse(`Object.assign(new Error('no such database'), { code: 'INVALID_ARGUMENT' })`);
    expect(await open('refusing', 'redis://me:HUSH@x')).toContain('INVALID_ARGUMENT no such database');
    await refuse(`new TypeError('cannot parse ' + url)`);
    expect(await open('refusing', 'redis://me:HUSH@x')).toBe(
      'INVALID_ARGUMENT @tenure/redis cannot open the store "redis://***@x": TypeError | cause: undefined',
    );
  });

  it('also says what to install where there is no working directory any more', async () => {
    await mkdir(join(folder, 'gone'));
    const gone = `import { rmSync } from 'node:fs'; rmSync(process.cwd(), { recursive: true });`;
    expect(await open('gone', 'redis://x', gone)).toContain('npm install @tenure/redis');
  });
});
