import { getProgram } from './programs.ts';

/** Programs that are one file, which needs nothing else. */
export type BinaryName = 'etcd' | 'etcdctl' | 'consul';

/** The path of a program that runs here: one on PATH, otherwise Debian's, got on first use. Rejects with the reason. */
export async function getBinary(name: BinaryName): Promise<string> {
  return (await getProgram(name)).file;
}

/** As getBinary, for those who can do without. */
export function findBinary(name: BinaryName): Promise<string | undefined> {
  return getBinary(name).catch(() => undefined);
}
