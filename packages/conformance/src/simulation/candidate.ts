import type { Election, Term, TermEnd } from '@tenure/core';
import { ofTerm } from './chronicle.ts';
import type { Process } from './process.ts';
import { lookBack, work } from './work.ts';

/** One candidate for one key, in one of the ways in which a program can be one. */
export interface Candidate {
  readonly key: string;
  /** A lock has none. */
  readonly election: Election | undefined;
}

type Way = 'streams' | 'lead' | 'terms' | 'lock';

export function stand(process: Process, key: string): Candidate {
  const name = `${process.name}/${key}${process.candidates.length}`;
  process.candidates.push(name);
  const way: Way = process.dice.draw({ streams: 4, lead: 3, terms: 1, lock: 3 });
  if (way === 'lock') {
    void withLock(process, key, name);
    return { key, election: undefined };
  }
  const election = process.tenure.election(key, { metadata: { name } });
  listen(process, election, name);
  if (way === 'streams') withStreams(process, election, name);
  if (way === 'lead') void withLead(process, election, name);
  if (way === 'terms') void withTerms(process, election, name);
  return { key, election };
}

/** Every stream tells the same, each in its own order: these are written down. */
function listen(process: Process, election: Election, candidate: string): void {
  const { chronicle } = process.world;
  election.acquired.subscribe((term) => {
    begin(process, candidate, term);
  });
  const end = (told: TermEnd): void => over(process, candidate, told);
  election.released.subscribe(end);
  election.lost.subscribe(end);
  election.standing.subscribe(({ role, term }) => {
    if ((role === 'leader') !== (term !== undefined))
      chronicle.scandal(`${candidate} is ${role} ${term ? 'with' : 'without'} a term`);
  });
}

function begin(process: Process, candidate: string, term: Term): void {
  process.world.chronicle.tell({ what: 'acquired', ...ofTerm(term, candidate) });
  lookBack({ process, candidate, term });
}

function over({ world }: Process, candidate: string, { term, kind, reason }: TermEnd): void {
  if (term.isCurrent()) world.chronicle.scandal(`${candidate} was told of the end of a term that is current`);
  world.chronicle.tell({ what: 'ended', ...ofTerm(term, candidate), kind, reason });
}

function withStreams(process: Process, election: Election, candidate: string): void {
  election.acquired.subscribe((term) => {
    const working = work({ process, candidate, term });
    // Now and then the key is held until the work has settled.
    if (process.dice.happens(0.3) && term.isCurrent()) term.waitUntil(working);
  });
  election.start();
}

async function withLead(process: Process, election: Election, candidate: string): Promise<void> {
  while (!process.isClosing) {
    await process.expect(() => election.lead((term) => work({ process, candidate, term })));
    await rest(process);
  }
}

async function withTerms(process: Process, election: Election, candidate: string): Promise<void> {
  while (!process.isClosing) {
    await process.expect(async () => {
      for await (const term of election.terms()) {
        await work({ process, candidate, term });
        if (!process.world.isCalm && process.dice.happens(0.5)) return;
      }
    });
    await rest(process);
  }
}

async function withLock(process: Process, key: string, candidate: string): Promise<void> {
  const { dice, world, tenure } = process;
  const lock = tenure.lock(key);
  const { ttlMs } = world.setting;
  const hold = async (term: Term): Promise<void> => {
    // It may have been lost before it was handed over.
    if (!term.isCurrent()) return;
    begin(process, candidate, term);
    void term.ended.then((end) => over(process, candidate, end));
    await work({ process, candidate, term });
  };
  const release = async (term: Term | undefined, runsOut = false): Promise<void> => {
    if (!term) return;
    await hold(term);
    if (runsOut) await term.ended;
    await term.release();
  };
  while (!process.isClosing) {
    const way = world.isCalm ? 'run' : dice.draw({ run: 3, acquire: 3, try: 2, lease: 1 });
    const waitMs = dice.happens(0.5) && !world.isCalm ? { waitMs: dice.between(0, 2) * ttlMs } : {};
    await process.expect(async () => {
      switch (way) {
        case 'run':
          return lock.run(
            hold,
            dice.happens(0.3) && !world.isCalm
              ? { ...waitMs, maxHoldMs: ttlMs / 2, graceMs: ttlMs / 4 }
              : waitMs,
          );
        case 'acquire':
          return release(await lock.acquire(waitMs));
        case 'try':
          return release(await lock.tryAcquire());
        case 'lease': {
          // Not longer than a TTL, the time for which a store that breaks its word is excused: a lease learns of that at its end.
          const leaseMs = dice.pick([ttlMs, ttlMs / 2]);
          return release(
            await lock.acquire({ waitMs: ttlMs, renew: false, ttlMs: leaseMs }),
            dice.happens(0.5),
          );
        }
      }
    });
    await rest(process);
  }
}

function rest(process: Process): Promise<void> {
  const { world, dice } = process;
  return process.pass(dice.next() * world.setting.ttlMs * (world.isCalm ? 0.1 : 0.5) + 1);
}
