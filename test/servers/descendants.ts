import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

/** The processes that this one has started, and what those have; parents before their children. */
export function descendants(pid: number): number[] {
  const all = everyProcess();
  const family = new Set([pid]);
  // A set is walked to its end, also to what is added meanwhile.
  for (const member of family) {
    for (const entry of all) if (entry.parent === member) family.add(entry.pid);
  }
  family.delete(pid);
  return [...family];
}

/** False too for one that has ended and was not waited for yet: who adopts orphans may take seconds for that. */
export function isRunning(pid: number): boolean {
  const entry = existsSync('/proc/self/stat')
    ? fromProc(pid)
    : everyProcess().find((candidate) => candidate.pid === pid);
  return entry !== undefined && !entry.state.startsWith('Z');
}

function everyProcess(): Entry[] {
  return existsSync('/proc/self/stat')
    ? readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (fromProc(Number(name)) ?? []) : []))
    : fromPs();
}

function fromProc(pid: number): Entry | undefined {
  try {
    // pid (name) state parent …: and the name may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(parent), state };
  } catch {
    return undefined;
  }
}

/** Where there is no /proc, as on macOS. */
function fromPs(): Entry[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [pid, parent, state = ''] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state };
  });
}
