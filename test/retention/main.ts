/** `pnpm retention [locks] [redis|postgres|mariadb|sqlite …]`: what distinct locks leave behind. Ends with 1 if anything. */
import { table } from '../failover/table.ts';
import { venueOrSkip } from '../servers/venue.ts';
import { retention, retentionKinds } from './retention.ts';
import type { Remains } from './retention.ts';

const LOCKS = 100_000;

const args = process.argv.slice(2);
const locks = Number(args.find((arg) => /^\d+$/u.test(arg)) ?? LOCKS);
const chosen = retentionKinds.filter((kind) => args.includes(kind));
const found: Remains[] = [];
for (const kind of chosen.length > 0 ? chosen : retentionKinds) {
  if (!(await venueOrSkip(kind))) continue;
  process.stdout.write(`${kind}: taking ${locks} locks, one after another …\n`);
  found.push(await retention(kind, locks));
}
process.stdout.write(
  `\n${table(found.map((remains) => ({ ...remains, tokenRises: String(remains.tokenRises) })))}\n`,
);
if (found.some(({ leftBehind, tokenRises }) => leftBehind > 0 || !tokenRises)) process.exitCode = 1;
