import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { unpackedPackage, whyNotDebian, type DebianPackage } from './debian.ts';
import { cleanEnvironment } from './process.ts';

export type BinaryName = 'etcd' | 'etcdctl' | 'consul';

interface Source extends DebianPackage {
  /** How to see that it runs on this machine. */
  readonly versionArgs: readonly string[];
}

/** etcd 3.5 is in Debian from trixie on, and Consul up to bullseye. */
const SOURCES: Record<BinaryName, Source> = {
  etcd: { name: 'etcd-server', suites: ['sid', 'trixie'], versionArgs: ['--version'] },
  etcdctl: { name: 'etcd-client', suites: ['sid', 'trixie'], versionArgs: ['version'] },
  consul: { name: 'consul', suites: ['bullseye'], versionArgs: ['version'] },
};

const found = new Map<BinaryName, Promise<string>>();

/** The path of a program that runs here: one on PATH, otherwise Debian's, got on first use. Rejects with the reason. */
export function getBinary(name: BinaryName): Promise<string> {
  let binary = found.get(name);
  if (!binary) {
    binary = onPath(name) ?? fromDebian(name);
    found.set(name, binary);
  }
  return binary;
}

/** As getBinary, for those who can do without. */
export function findBinary(name: BinaryName): Promise<string | undefined> {
  return getBinary(name).catch(() => undefined);
}

function onPath(name: BinaryName): Promise<string> | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const path = folders.map((folder) => join(folder, name)).find(isProgram);
  return path === undefined ? undefined : Promise.resolve(path);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function fromDebian(name: BinaryName): Promise<string> {
  const reason = whyNotDebian();
  if (reason !== undefined) throw new Error(`no ${name} on PATH, and none from Debian: ${reason}`);
  const { versionArgs, ...source } = SOURCES[name];
  const path = (folder: string) => join(folder, 'usr/bin', name);
  const folder = await unpackedPackage(source, async (draft) => {
    await promisify(execFile)(path(draft), versionArgs, { env: cleanEnvironment() });
  });
  return path(folder);
}
