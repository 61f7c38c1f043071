/**
 * `pnpm chaos [leaders|scheduler|command|storm] …`: processes on real stores, and what happens to them; each part says
 * what arguments it takes. Ends with 1 when anything broke its word.
 */
import { commandChaos } from './command.ts';
import { leaderChaos } from './leaders.ts';
import { schedulerChaos } from './scheduler.ts';
import { stormChaos } from './storm.ts';

const [what = '', ...rest] = process.argv.slice(2);
const parts: Readonly<Record<string, (names: readonly string[]) => Promise<boolean>>> = {
  leaders: leaderChaos,
  scheduler: schedulerChaos,
  command: commandChaos,
  storm: stormChaos,
};
// Without a name, the storm: `pnpm chaos --store redis`; or the leaders: `pnpm chaos 20 5 redis`.
const unnamed = what.startsWith('--') ? stormChaos : leaderChaos;
const part = parts[what];
const isSound = part ? await part(rest) : await unnamed(process.argv.slice(2));
if (!isSound) process.exitCode = 1;
