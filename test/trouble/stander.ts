import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a process on what ships prints, with everything that it hears of. */
export async function stand(
  url: string,
): Promise<{ readonly status: number | null; readonly output: string }> {
  const program = `
    import { createTenure, openStore } from '@tenure/core';
    import { inspect } from 'node:util';
    const tenure = createTenure({ store: await openStore(process.env.STORE_URL), ttlMs: 10_000 });
    const election = tenure.election('job');
    election.on('error', (error) => {
      console.log(String(error));
      console.log(inspect(error));
      console.error(error);
    });
    election.start();
    setTimeout(() => tenure.close().then(() => console.log('closed', tenure)), 1000);`;
  const { NODE_DEBUG: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...env, STORE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}
