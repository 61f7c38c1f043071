import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A user of this machine, by number. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const CANDIDATES = ['postgres', 'nobody'];

/**
 * Who runs the servers that refuse to run as root: somebody without rights, when we are root, as in most containers.
 * Undefined when we are not: then it is us.
 */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = existsSync('/etc/passwd') ? parse(readFileSync('/etc/passwd', 'utf8')) : [];
  for (const candidate of CANDIDATES) {
    const account = accounts.find(({ name }) => name === candidate);
    if (account) return account;
  }
  throw new Error(`this is root, and there is no user ${CANDIDATES.join(' or ')} to run the server instead`);
}

function parse(passwd: string): Account[] {
  return passwd.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name === undefined || gid === undefined ? [] : [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}

/** Whether that account gets at what is in the folder: root's home, and the cache in it, is closed to others. */
export function canEnter({ uid, gid }: Account, folder: string): boolean {
  const { mode, uid: owner, gid: group } = statSync(folder);
  const place = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
  const parent = dirname(folder);
  return (mode & place) !== 0 && (parent === folder || canEnter({ name: '', uid, gid }, parent));
}
