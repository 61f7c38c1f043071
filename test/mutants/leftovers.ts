import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Kills whatever still runs in that folder: a mutant of what ends commands does not end them, and they would keep the
 * machine busy. Without `/proc` there is nobody to ask, and nothing is done.
 */
export async function endWhatRunsIn(folder: string): Promise<void> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/u.test(name)).map(Number);
  await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      if (cwd !== folder && !cwd?.startsWith(`${folder}/`)) return;
      // That ends servers whose tests are gone, and then itself.
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.split('\0').includes('keeper')) return;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }),
  );
}
