import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../servers/until.ts';
import { openVenue } from '../servers/venue.ts';
import type { Cut, Venue, VenueKind } from '../servers/venue.ts';
import { Invocation } from './invocation.ts';
import { STUBBORN, isAlive, overlapsIn, startsIn } from './stubborn.ts';

/** What happens to `tenure run` while its command, which ignores SIGTERM, works. */
export const misfortunes = ['cut off', 'SIGKILL', 'SIGSTOP'] as const;
export type Misfortune = (typeof misfortunes)[number];

const TTL = '3s';
/** At once: each is four processes of Node.js. */
const AT_ONCE = 5;

export interface Succession {
  readonly kind: VenueKind;
  readonly misfortune: Misfortune;
  /** How often the command of the next leader began. */
  readonly handovers: number;
  /** From the death of the last command's last process to the start of the next, in milliseconds. */
  readonly marginsMs: readonly number[];
  readonly violations: readonly string[];
}

/** So many leaders, each with a rival that leads next; the last one's command must be dead when the rival's begins. */
export async function succession(
  kind: VenueKind,
  misfortune: Misfortune,
  count: number,
): Promise<Succession> {
  const venue = await openVenue(kind);
  const folder = await mkdtemp(join(tmpdir(), 'tenure-command-'));
  const cut = await venue.cut();
  const marginsMs: number[] = [];
  const violations: string[] = [];
  try {
    for (let first = 0; first < count; first += AT_ONCE) {
      const keys = Array.from(
        { length: Math.min(AT_ONCE, count - first) },
        (_, index) => `key-${first + index}`,
      );
      const rounds = await Promise.all(keys.map((key) => begin({ venue, cut, folder, key })));
      if (misfortune === 'cut off') cut.blackHole();
      else for (const { leader } of rounds) leader.signal(misfortune);
      const outcomes = await Promise.all(rounds.map((round) => succeed(round)));
      for (const { marginMs, wrong } of outcomes) {
        if (marginMs !== undefined) marginsMs.push(marginMs);
        violations.push(...wrong);
      }
      await cut.pass();
      await Promise.all(rounds.map((round) => finish(round, violations)));
    }
  } finally {
    await cut.close();
    await venue.close();
    await rm(folder, { recursive: true, force: true });
  }
  return { kind, misfortune, handovers: marginsMs.length, marginsMs, violations };
}

interface Round {
  readonly key: string;
  readonly file: string;
  readonly leader: Invocation;
  readonly rival: Invocation;
}

/** The leader's command runs, and the rival waits. */
async function begin(place: {
  readonly venue: Venue;
  readonly cut: Cut;
  readonly folder: string;
  readonly key: string;
}): Promise<Round> {
  const { venue, cut, folder, key } = place;
  const file = join(folder, key);
  await writeFile(file, '');
  const stand = (url: string): Invocation =>
    new Invocation(['run', key, '--ttl', TTL, '--store', url, '--', 'sh', '-c', STUBBORN, 'stubborn', file]);
  const leader = stand(venue.url(cut.address && [cut.address]));
  await leader.next('started');
  await until('the command works', async () => (await startsIn(file)).length >= 2 || undefined);
  const rival = stand(venue.url());
  await rival.next('waiting');
  return { key, file, leader, rival };
}

/** Wait until the rival's command works, and tell how long the leader's was dead by then. */
async function succeed({
  key,
  file,
  rival,
}: Round): Promise<{ marginMs: number | undefined; wrong: string[] }> {
  const before = await startsIn(file);
  const death = new Promise<number>((resolve) => {
    const looking = setInterval(() => {
      if (before.some(({ pid }) => isAlive(pid))) return;
      clearInterval(looking);
      resolve(Date.now());
    }, 2);
  });
  await rival.next('started');
  const starts = await until('the next command works', async () => {
    const all = await startsIn(file);
    return all.length >= before.length + 2 ? all : undefined;
  });
  const wrong = (await overlapsIn(file)).map(
    (pids) => `${key}: the last command was alive when the next began: ${pids}`,
  );
  const diedMs = await death;
  return { marginMs: starts[before.length]!.atMs - diedMs, wrong };
}

/** Nothing is left over, whatever happened. */
async function finish({ key, file, leader, rival }: Round, violations: string[]): Promise<void> {
  leader.signal('SIGCONT');
  await Promise.all([leader.end('SIGKILL'), rival.end('SIGKILL')]);
  const pids = (await startsIn(file)).map(({ pid }) => pid);
  await until(`${key}: the commands are gone with their tenure`, async () =>
    pids.some(isAlive) ? undefined : true,
  ).catch((error: unknown) => violations.push(String(error)));
}
