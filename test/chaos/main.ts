/**
 * `pnpm chaos [leaders|scheduler|command] …`: processes on real stores, and what happens to them; each part says what
 * arguments it takes. Ends with 1 when anything broke its word.
 */
import { commandChaos } from './command.ts';
import { leaderChaos } from './leaders.ts';
import { schedulerChaos } from './scheduler.ts';

const [what = '', ...rest] = process.argv.slice(2);
const parts: Readonly<Record<string, (names: readonly string[]) => Promise<boolean>>> = {
  leaders: leaderChaos,
  scheduler: schedulerChaos,
  command: commandChaos,
};
// Without a name, the leaders: `pnpm chaos 20 5 redis`.
const part = parts[what];
const isSound = part ? await part(rest) : await leaderChaos(process.argv.slice(2));
if (!isSound) process.exitCode = 1;
