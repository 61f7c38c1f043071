/** Where a file is, and what that means. */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Finding } from '@tenure/core/store';
import { found } from '../finding.ts';

export interface Place {
  /** There is a file, and it can be written. */
  readonly usable: boolean;
  readonly findings: readonly Finding[];
}

export async function placeOf(file: string): Promise<Place> {
  const folder = dirname(file);
  if (!(await isThere(folder))) {
    return {
      usable: false,
      findings: [found('bad', `There is no folder ${folder} for ${file}: make it first.`)],
    };
  }
  const findings = ofFileSystem((await statfs(folder)).type, folder);
  const exists = await isThere(file);
  const may = exists ? [folder, file] : [folder];
  const refused: string[] = [];
  for (const path of may) if (!(await mayWrite(path))) refused.push(path);
  if (refused.length > 0) {
    const text =
      `This process may not write ${refused.join(' and ')}: no lock can be had. SQLite writes the file and, beside it in its ` +
      'folder, its log. Let the user that this process runs as write both.';
    return { usable: false, findings: [...findings, found('bad', text)] };
  }
  const state = exists
    ? 'and its folder can be written.'
    : 'is not there yet, and is made when the store is first used.';
  return { usable: exists, findings: [...findings, found('good', `${file} ${state}`)] };
}

const succeeds = (asked: Promise<unknown>): Promise<boolean> =>
  asked.then(
    () => true,
    () => false,
  );

const isThere = (path: string): Promise<boolean> => succeeds(stat(path));
const mayWrite = (path: string): Promise<boolean> => succeeds(access(path, constants.R_OK | constants.W_OK));

/** By the numbers of Linux's statfs; elsewhere they mean nothing. */
const SHARED: ReadonlyMap<number, string> = new Map([
  [0x69_69, 'NFS'],
  [0x51_7b, 'SMB'],
  [0xff_53_4d_42, 'CIFS (SMB)'],
  [0xfe_53_4d_42, 'SMB'],
  [0x01_02_19_97, '9P'],
  [0x00_c3_64_00, 'Ceph'],
  [0x0b_d0_0b_d0, 'Lustre'],
]);

export function ofFileSystem(type: number, folder: string): readonly Finding[] {
  const name = process.platform === 'linux' ? SHARED.get(type >>> 0) : undefined;
  if (name === undefined) return [];
  const text =
    `${folder} is on a network file system (${name}), where SQLite's locks do not hold and hosts' clocks differ: two may hold one ` +
    'lock, and the file can break. Put it on a disk of this machine, or take a store on a server.';
  return [found('bad', text)];
}
