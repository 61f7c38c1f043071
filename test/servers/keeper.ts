import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descendants } from './descendants.ts';

/**
 * Sees to it that no server and no data folder outlives the process that started it, however that process ends.
 * A handler for 'exit' is not enough: it does not run after SIGKILL or SIGTERM, which is how a test runner ends
 * its workers. So a small shell process waits at the other end of a pipe. Each line it reads names all servers
 * running now; the end of the pipe means that this process is gone, and then it kills the servers of the last
 * line, with the processes these have started (a stopped one would not notice that its server is gone), gives back the
 * shared memory of PostgreSQL, which the machine has only so many pieces of, and takes away file systems, the namespaces
 * of hosts and the folder. It ignores the signals a terminal sends to all the programs in it.
 */
const SCRIPT = `
trap '' INT TERM HUP
folder=$1
pids=
while read -r line; do pids=$line; done
children=
for stat in /proc/[0-9]*/stat; do
  { read -r line <"$stat"; } 2>/dev/null || continue
  child=\${line%% *}
  set -- \${line##*) }
  case " $pids " in *" $2 "*) children="$children $child";; esac
done
[ -z "$pids" ] || kill -9 $pids $children 2>/dev/null
for file in "$folder"/*/*/postmaster.pid; do
  [ ! -f "$file" ] || { set -- $(sed -n 7p "$file"); ipcrm -m "$2"; }
done
for disk in "$folder"/*/disk; do
  [ ! -d "$disk" ] || umount -l "$disk"
done
for file in "$folder"/*/namespaces; do
  [ ! -f "$file" ] || while read -r name; do ip netns del "$name"; done <"$file"
done
rm -rf "$folder" 2>/dev/null || { sleep 1; rm -rf "$folder"; }
`;

interface Keeper {
  readonly folder: string;
  readonly pipe: Socket;
}

const running = new Set<ChildProcess>();
let keeper: Keeper | undefined;

/** The folder for what this process's servers write. It goes when the process does. */
export function serversFolder(): string {
  keeper ??= startKeeper();
  return keeper.folder;
}

/** From now until it ends, this server is killed if this process dies. */
export function guard(server: ChildProcess): void {
  keeper ??= startKeeper();
  const { pipe } = keeper;
  const tell = () => pipe.write(`${[...running].map(({ pid }) => pid).join(' ')}\n`);
  running.add(server);
  tell();
  server.once('exit', () => {
    running.delete(server);
    tell();
  });
}

function killWithDescendants(server: ChildProcess): void {
  const others = server.pid === undefined ? [] : descendants(server.pid);
  server.kill('SIGKILL');
  for (const pid of others) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended with its server
    }
  }
}

function startKeeper(): Keeper {
  const folder = mkdtempSync(join(tmpdir(), 'tenure-servers-'));
  const child = spawn('sh', ['-c', SCRIPT, 'keeper', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  const pipe = child.stdin as Socket;
  pipe.unref();
  pipe.on('error', () => {}); // the keeper itself was killed: the handler below is what is left
  process.once('exit', () => {
    for (const server of running) killWithDescendants(server);
  });
  return { folder, pipe };
}
