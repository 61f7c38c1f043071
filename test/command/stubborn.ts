import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';

/**
 * A command that ignores every request to end, and writes down who it is. Before that it looks whether one that was
 * started before it still lives. Its second process, in the same group, is as stubborn.
 */
export const STUBBORN = `
trap '' TERM INT HUP QUIT
while read -r pid rest; do
  case "$(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null)" in ''|Z|X) ;; *) echo "$pid $$" >> "$1.overlaps";; esac
done < "$1"
(trap '' TERM INT HUP QUIT; while :; do sleep 1; done) &
echo "$$ $(date +%s%N) $TENURE_TOKEN" >> "$1"
echo "$! $(date +%s%N) $TENURE_TOKEN" >> "$1"
while :; do sleep 1; done
`;

export interface Start {
  readonly pid: number;
  readonly atMs: number;
  readonly token: bigint;
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** Every process of the command, two for each start. */
export async function startsIn(file: string): Promise<Start[]> {
  return (await linesOf(file)).map((line) => {
    const [pid = '', at = '', token = '0'] = line.split(' ');
    return { pid: Number(pid), atMs: Number(BigInt(at) / 1000n) / 1000, token: BigInt(token) };
  });
}

/** `old new`, for each that found another one alive. */
export const overlapsIn = (file: string): Promise<string[]> => linesOf(`${file}.overlaps`);

/** Whether that process still runs; one that only waits for its parent to take note does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
  } catch {
    return false;
  }
}
