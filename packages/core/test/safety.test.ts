import type { Term } from '@tenure/core';
import { ClosedError, TermLostError } from '@tenure/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rig, hang, listen } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

/** An election that leads, and what it says. */
async function leading(id = 'a', key = 'job') {
  const { tenure, line } = rig.tenure(id);
  const election = tenure.election(key);
  const heard = listen(election);
  election.start();
  await rig.clock.advance(5);
  expect(heard.log).toEqual(['acquired 1']);
  return { tenure, line, election, heard, term: heard.terms[0]! };
}

describe('S1: only open and renew move a deadline, counted from before they were sent', () => {
  it('counts from when the renewal was sent, not from when it was answered', async () => {
    const { line, term } = await leading();
    line.fault = ({ verb }) => (verb === 'renew' ? { kind: 'late', requestMs: 0, answerMs: 100 } : undefined);
    await rig.clock.advance(400); // sent about 300 after the start, answered 100 later
    const sinceSent = rig.clock.now().monoMs - 1000 - 300;
    expect(term.remainingMs()).toBeLessThanOrEqual(801 - sinceSent);
  });

  it('takes no deadline from a claim', async () => {
    const { tenure, line } = rig.tenure('a');
    const first = tenure.election('first');
    first.start();
    await rig.clock.advance(250);
    line.fault = ({ verb }) => (verb === 'renew' ? hang : undefined);
    const second = tenure.election('second');
    const heard = listen(second);
    second.start();
    await rig.clock.advance(5);
    expect(heard.terms[0]?.remainingMs()).toBeLessThan(801 - 250);
    await rig.clock.advance(801 - 250);
    expect(heard.log).toEqual(['acquired 2', 'lost 2 expired']);
  });

  it('takes no deadline from an open that had been applied before', async () => {
    const { tenure, line } = rig.tenure('a');
    let opens = 0;
    line.fault = ({ verb }) => {
      if (verb === 'open') opens += 1;
      if (verb === 'open' && opens === 1) return { kind: 'hung', applied: true };
      return verb === 'renew' ? hang : undefined;
    };
    const election = tenure.election('job');
    const heard = listen(election);
    election.start();
    // Adopted by the second open, 300 ms after it was made: nobody may lead on it before it has been renewed.
    await rig.clock.advance(600);
    expect(opens).toBe(2);
    expect(heard.log).toEqual([]);
    line.fault = () => undefined;
    await rig.clock.advance(300);
    expect(heard.log).toEqual(['acquired 1']);
  });

  it('does not take a claim for a term that is answered after the deadline', async () => {
    const { tenure, line } = rig.tenure('a');
    let stalled = false;
    // The loop is blocked while the claim is on its way: the answer is read before any alarm has run.
    line.fault = ({ verb }) => {
      if (verb === 'claim' && !stalled) rig.clock.stall(850);
      stalled ||= verb === 'claim';
      return undefined;
    };
    const election = tenure.election('job');
    const tokens: bigint[] = [];
    const current: boolean[] = [];
    election.acquired.subscribe((term) => {
      tokens.push(term.token);
      current.push(term.isCurrent());
    });
    election.start();
    await rig.clock.advance(500);
    expect(tokens).toHaveLength(1);
    expect(current).toEqual([true]);
  });

  it('ends a term when the wall clock leaps ahead, as after a suspend', async () => {
    const { heard, term } = await leading();
    rig.clock.suspend(10_000);
    expect(term.isCurrent()).toBe(false);
    await rig.clock.advance(1);
    expect(heard.ends[0]).toMatchObject({ kind: 'lost', reason: 'clock-jump' });
  });

  it('is not troubled by a wall clock that goes back', async () => {
    const { heard, term } = await leading();
    rig.clock.stepWall(-3_600_000);
    await rig.clock.advance(3000);
    expect(term.isCurrent()).toBe(true);
    expect(heard.log).toEqual(['acquired 1']);
  });

  it('notices a suspend that follows a step back of the wall clock', async () => {
    const { heard, term } = await leading();
    rig.clock.stepWall(-3_600_000);
    await rig.clock.advance(100); // one pulse
    rig.clock.suspend(2000);
    expect(term.isCurrent()).toBe(false);
    await rig.clock.advance(1);
    expect(heard.ends[0]?.reason).toBe('clock-jump');
  });
});

describe('S2: at the deadline the term is over whatever is in flight', () => {
  it('says so at the first read after the loop was blocked, before any timer has run (T69)', async () => {
    const { election, heard, term } = await leading();
    rig.clock.stall(1800);
    expect(term.isCurrent()).toBe(false);
    expect(election.term).toBeUndefined();
    expect(term.remainingMs()).toBe(0);
    expect(heard.log).toEqual(['acquired 1']);
    await rig.clock.advance(1);
    expect(heard.ends[0]).toMatchObject({ kind: 'lost', reason: 'stalled' });
    expect(term.signal.aborted).toBe(true);
  });

  it('aborts the signal before any subscriber is told, while the renewal hangs', async () => {
    const { line, election, term } = await leading();
    const seen: boolean[] = [];
    election.lost.subscribe(() => seen.push(term.signal.aborted, term.isCurrent()));
    line.fault = ({ verb }) => (verb === 'renew' ? hang : undefined);
    await rig.clock.advance(801);
    expect(seen).toEqual([true, false]);
    expect(term.signal.reason).toBeInstanceOf(TermLostError);
  });

  it('stays over once a read has found it over, also when a clock is set back after that', async () => {
    const { term } = await leading();
    rig.clock.stepWall(10_000);
    expect(term.isCurrent()).toBe(false);
    rig.clock.stepWall(-10_000);
    expect(term.isCurrent()).toBe(false);
    await rig.clock.advance(2000);
    expect(term.signal.aborted).toBe(true);
  });

  it('is not saved by a renewal whose answer comes after the deadline', async () => {
    const { line, heard, term } = await leading();
    line.fault = ({ verb }) => (verb === 'renew' ? { kind: 'late', requestMs: 0, answerMs: 50 } : undefined);
    await rig.clock.advance(300);
    rig.clock.stall(1000);
    await rig.clock.advance(100);
    expect(term.isCurrent()).toBe(false);
    expect(heard.ends[0]).toMatchObject({ kind: 'lost' });
  });
});

describe('S3: a swallowed answer is a failure, not a wait', () => {
  it('fits two more renewals into the TTL after one that hung', async () => {
    const { line, term } = await leading();
    let renewals = 0;
    line.fault = ({ verb }) => {
      if (verb !== 'renew') return undefined;
      renewals += 1;
      return renewals < 3 ? hang : undefined;
    };
    await rig.clock.advance(2000);
    expect(renewals).toBeGreaterThan(3);
    expect(term.isCurrent()).toBe(true);
  });

  it.each(['open', 'claim', 'release'] as const)('asks again when %s hangs', async (verb) => {
    const { tenure, line } = rig.tenure('a');
    let hung = 0;
    line.fault = (call) => (call.verb === verb && (hung += 1) === 1 ? hang : undefined);
    const election = tenure.election('job');
    const heard = listen(election);
    election.start();
    await rig.clock.advance(1000);
    const stopped = election.stop();
    await rig.clock.advance(1000);
    await stopped;
    expect(hung).toBeGreaterThan(1);
    expect(heard.log).toEqual(['acquired 1', 'released 1 released']);
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('does not wait for hours because the TTL is a day', async () => {
    const { tenure, line } = rig.tenure('a', { ttlMs: 86_400_000 });
    const hung = new Set<string>();
    line.fault = ({ verb }) => {
      if (hung.has(verb)) return undefined;
      hung.add(verb);
      return hang;
    };
    const election = tenure.election('job');
    election.start();
    await rig.clock.advance(60_000);
    expect(election.term?.remainingMs()).toBeGreaterThan(60_000_000);
    expect([...hung]).toEqual(['open', 'claim']);
  });

  it('asks again after a while when the wake-up of a park never comes', async () => {
    const { term } = await leading('a');
    const { tenure, line } = rig.tenure('b');
    const election = tenure.election('job');
    const heard = listen(election);
    line.deaf = true;
    election.start();
    await rig.clock.advance(100);
    await term.release();
    await rig.clock.advance(900 * 5);
    expect(heard.terms).toHaveLength(1);
  });
});

describe('S4: a session that died while waiting never wins', () => {
  it('claims again after park, under the new session', async () => {
    const { term } = await leading('a');
    const { tenure, line } = rig.tenure('b');
    const election = tenure.election('job');
    const heard = listen(election);
    election.start();
    await rig.clock.advance(50);
    line.deaf = true;
    line.fault = ({ verb }) => (verb === 'renew' ? hang : undefined);
    await rig.clock.advance(1200); // b's session expires in the store, and b does not know
    await term.release();
    await rig.clock.advance(20);
    expect(heard.log).toEqual([]);
    line.fault = () => undefined;
    await rig.clock.advance(2000);
    expect(heard.log).toHaveLength(1);
    expect(line.calls.filter(({ verb }) => verb === 'open').length).toBe(2);
  });

  it('never leads on the strength of a wake-up alone', async () => {
    await leading('a');
    const { tenure, line } = rig.tenure('b');
    const election = tenure.election('job');
    const heard = listen(election);
    election.start();
    await rig.clock.advance(50);
    const claims = () => line.calls.filter(({ verb }) => verb === 'claim').length;
    const before = claims();
    rig.space.deleteKey({ namespace: 'tenure', name: 'job' });
    await rig.clock.advance(1);
    expect(claims()).toBeGreaterThan(before);
    await rig.clock.advance(50);
    expect(heard.terms.length).toBeLessThanOrEqual(1);
  });
});

describe('S5: unknown is jeopardy, definite is loss at once', () => {
  it('keeps the term through failed renewals, and says jeopardy and secure', async () => {
    const { line, election, heard, term } = await leading();
    const moods: string[] = [];
    election.on('jeopardy', () => moods.push('jeopardy'));
    election.on('secure', () => moods.push('secure'));
    line.fault = ({ verb }) => (verb === 'renew' ? { kind: 'lost' } : undefined);
    await rig.clock.advance(500);
    expect(term.isCurrent()).toBe(true);
    expect(moods).toEqual(['jeopardy']);
    line.fault = () => undefined;
    await rig.clock.advance(200);
    expect(moods).toEqual(['jeopardy', 'secure']);
    expect(heard.log).toEqual(['acquired 1']);
    expect(heard.errors.length).toBeGreaterThan(0);
  });

  it('asks again at once when a renewal certainly was not applied, and takes it for trouble when that goes on', async () => {
    const { line, election, term } = await leading();
    const moods: string[] = [];
    election.on('jeopardy', () => moods.push('jeopardy'));
    election.on('secure', () => moods.push('secure'));
    let refusals = 2;
    line.fault = ({ verb }) => (verb === 'renew' && refusals-- > 0 ? { kind: 'refused' } : undefined);
    await rig.clock.advance(310);
    expect(refusals).toBeLessThan(0);
    expect(moods).toEqual([]);
    expect(term.remainingMs()).toBeGreaterThan(750);

    refusals = Infinity;
    line.calls.length = 0;
    await rig.clock.advance(400);
    expect(moods).toEqual(['jeopardy']);
    expect(term.isCurrent()).toBe(true);
    // Not every few milliseconds for ever.
    expect(line.calls.length).toBeLessThan(15);
    refusals = 0;
    await rig.clock.advance(100);
    expect(moods).toEqual(['jeopardy', 'secure']);
  });

  it('loses the term at once when the store says that the session is gone', async () => {
    const { tenure, election, heard, term } = await leading();
    const session: string[] = [];
    tenure.session.on('invalidated', ({ reason }) => session.push(reason));
    rig.space.end(sessionOf(rig, 0));
    await rig.clock.advance(300);
    expect(heard.ends[0]).toMatchObject({ kind: 'lost', reason: 'session-invalidated', term });
    expect(session).toEqual(['session-invalidated']);
    await rig.clock.advance(500);
    expect(election.term?.token).toBe(2n);
  });

  it('loses the term at once when its key was deleted', async () => {
    const { heard } = await leading();
    rig.space.deleteKey({ namespace: 'tenure', name: 'job' });
    await rig.clock.advance(1);
    expect(heard.log).toEqual(['acquired 1', 'lost 1 key-deleted', 'acquired 2']);
  });
});

describe('S6: an ambiguous claim is settled by repeating it', () => {
  it('wins once when the claim was applied and its answer lost', async () => {
    const { tenure, line } = rig.tenure('a');
    let claims = 0;
    line.fault = ({ verb }) =>
      verb === 'claim' && (claims += 1) === 1 ? { kind: 'hung', applied: true } : undefined;
    const election = tenure.election('job');
    const heard = listen(election);
    election.start();
    await rig.clock.advance(500);
    expect(heard.log).toEqual(['acquired 1']);
    const ids = new Set(line.calls.flatMap(({ verb, claimId }) => (verb === 'claim' ? [claimId] : [])));
    expect(ids.size).toBe(1);
  });

  it('leaves no ghost when a claim that was given up is applied late', async () => {
    const { tenure, line } = rig.tenure('a');
    const other = tenure.election('other');
    other.start();
    line.fault = ({ verb, key }) =>
      verb === 'claim' && key?.name === 'job' ? { kind: 'late', requestMs: 200, answerMs: 0 } : undefined;
    const election = tenure.election('job');
    election.start();
    await rig.clock.advance(50);
    await election.stop();
    expect(rig.space.keys('tenure')).toEqual(['other']);
    await rig.clock.advance(160); // now the late claim lands, with nobody home
    expect(rig.space.keys('tenure')).toEqual(['other', 'job']);
    await rig.clock.advance(400);
    expect(rig.space.keys('tenure')).toEqual(['other']);
  });
});

describe('S7: every new claim is a new term with a higher token', () => {
  it('lets two candidates of one process exclude each other', async () => {
    const { tenure, heard, election } = await leading();
    const second = tenure.election('job');
    const also = listen(second);
    second.start();
    await rig.clock.advance(1000);
    expect(also.log).toEqual([]);
    await election.stop();
    await rig.clock.advance(10);
    expect(also.log).toEqual(['acquired 2']);
    expect(heard.log).toEqual(['acquired 1', 'released 1 released']);
  });

  it('gives a term that was lost by the clock a new claim, having released the old one', async () => {
    const { line, heard } = await leading();
    rig.clock.stall(850); // past our deadline, before the store's
    await rig.clock.advance(500);
    expect(heard.log).toEqual(['acquired 1', 'lost 1 expired', 'acquired 2']);
    const verbs = line.calls.flatMap(({ verb }) => (verb === 'claim' || verb === 'release' ? [verb] : []));
    expect(verbs).toEqual(['claim', 'release', 'claim']);
    const ids = line.calls.flatMap(({ verb, claimId }) => (verb === 'claim' ? [claimId] : []));
    expect(new Set(ids).size).toBe(2);
  });
});

describe('S8: nothing touches a successor', () => {
  it('refuses saves, announcements and releases of a term whose successor leads (T41)', async () => {
    const { line, heard, term } = await leading('a');
    const { tenure } = rig.tenure('b');
    const election = tenure.election('job');
    const successor = listen(election);
    election.start();
    line.fault = ({ verb }) => (verb === 'renew' ? hang : undefined);
    await rig.clock.advance(1300);
    expect(heard.ends[0]?.kind).toBe('lost');
    expect(successor.log).toEqual(['acquired 2']);
    await expect(term.save({ stale: true })).rejects.toBeInstanceOf(TermLostError);
    await expect(term.announce({ stale: true })).rejects.toBeInstanceOf(TermLostError);
    await term.release();
    await term.release();
    expect(election.term?.token).toBe(2n);
    expect(rig.space.first({ namespace: 'tenure', name: 'job' })?.token).toBe(2n);
  });

  it('settles an unanswered save before it sends the next one', async () => {
    const { line, term } = await leading();
    let saves = 0;
    line.fault = ({ verb }) =>
      verb === 'save' && (saves += 1) === 1 ? { kind: 'hung', applied: true } : undefined;
    const first = term.save({ step: 1 });
    const second = term.save({ step: 2 });
    await rig.clock.advance(50);
    expect(saves).toBe(1);
    await rig.clock.advance(450);
    await Promise.all([first, second]);
    expect(saves).toBe(3);
    await term.release();
    const { tenure } = rig.tenure('b');
    const heard = listen(tenure.election('job'));
    const election = tenure.election('job');
    const next = listen(election);
    election.start();
    await rig.clock.advance(10);
    expect(next.terms[0]?.checkpoint).toEqual({ step: 2 });
    expect(heard.log).toEqual([]);
  });
});

describe('S9: the key is held until the work has settled', () => {
  it('keeps renewing while the work winds down, and releases only then (T39)', async () => {
    const { tenure } = rig.tenure('a');
    const other = rig.tenure('b').tenure.election('job');
    const election = tenure.election('job');
    const heard = listen(election);
    const next = listen(other);
    let finish!: () => void;
    const led = election.lead(() => new Promise<void>((resolve) => (finish = resolve)));
    await rig.clock.advance(10);
    other.start();
    const resigned = election.resign();
    await rig.clock.advance(5000);
    expect(heard.terms[0]?.signal.aborted).toBe(true);
    expect(heard.terms[0]?.isCurrent()).toBe(true);
    expect(heard.ends).toEqual([]);
    expect(next.log).toEqual([]);
    finish();
    await rig.clock.advance(10);
    await resigned;
    expect(heard.log).toEqual(['acquired 1', 'released 1 released']);
    expect(next.log).toEqual(['acquired 2']);
    await election.stop();
    await led;
  });

  it('reports work that goes on after its term', async () => {
    const { tenure, line } = rig.tenure('a');
    const lock = tenure.lock('job');
    let finish!: (value: string) => void;
    const ran = lock.run(() => new Promise<string>((resolve) => (finish = resolve)));
    ran.catch(() => {});
    await rig.clock.advance(10);
    line.fault = () => hang;
    await rig.clock.advance(2000);
    finish('done');
    await rig.clock.advance(2000);
    await expect(ran).rejects.toMatchObject({ code: 'TERM_LOST', reason: 'expired' });
  });

  it('gives the lock up at maxHoldMs + graceMs although the work goes on, and says overrun', async () => {
    const { tenure } = rig.tenure('a');
    let finish!: () => void;
    let term!: Term;
    const ran = tenure.lock('job').run(
      (given) => {
        term = given;
        return new Promise<void>((resolve) => (finish = resolve));
      },
      { maxHoldMs: 1000, graceMs: 500 },
    );
    ran.catch(() => {});
    await rig.clock.advance(1400);
    expect(term.signal.aborted).toBe(true);
    expect(term.signal.reason).toBeInstanceOf(ClosedError);
    expect(term.isCurrent()).toBe(true);
    await rig.clock.advance(200);
    expect(term.isCurrent()).toBe(false);
    expect(await term.ended).toMatchObject({ kind: 'released', reason: 'max-hold', overrun: true });
    finish();
    await rig.clock.advance(10);
    await expect(ran).rejects.toMatchObject({ code: 'TERM_LOST', end: { overrun: true } });
  });
});

describe('S13 and S14: a live session does not prove a claim', () => {
  it('learns of an eviction by its renewals alone, when every message is dropped', async () => {
    const { line, election, heard } = await leading('a');
    const { tenure } = rig.tenure('b');
    line.deaf = true;
    const evicted = tenure.evict('job');
    await rig.clock.advance(1);
    expect(await evicted).toBe(true);
    await rig.clock.advance(300 + 113);
    expect(heard.ends[0]).toMatchObject({ kind: 'lost', reason: 'evicted' });
    expect(election.standing).toBeDefined();
  });

  it('learns of a deletion by its renewals alone', async () => {
    const { line, heard } = await leading('a');
    line.deaf = true;
    rig.space.deleteKey({ namespace: 'tenure', name: 'job' });
    await rig.clock.advance(900);
    expect(heard.ends[0]).toMatchObject({ kind: 'lost', reason: 'key-deleted' });
  });

  it('keeps an evicted key closed until the work has settled, then stands back', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const heard = listen(election);
    let finish!: () => void;
    const led = election.lead(() => new Promise<void>((resolve) => (finish = resolve)));
    led.catch(() => {});
    await rig.clock.advance(10);
    const { tenure: operator } = rig.tenure('b');
    const rival = operator.election('job');
    const next = listen(rival);
    rival.start();
    await operator.evict('job');
    await rig.clock.advance(2000);
    expect(heard.terms[0]?.signal.aborted).toBe(true);
    expect(next.log).toEqual([]);
    finish();
    await rig.clock.advance(20);
    expect(next.log).toEqual(['acquired 2']);
    await expect(led).rejects.toMatchObject({ reason: 'evicted' });
  });

  it('takes the key at once with force, and the session lives on', async () => {
    const { tenure, heard, election } = await leading('a');
    const kept = tenure.election('kept');
    const keeps = listen(kept);
    kept.start();
    await rig.clock.advance(10);
    const { tenure: operator } = rig.tenure('b');
    expect(await operator.evict('job', { force: true })).toBe(true);
    await rig.clock.advance(10);
    expect(heard.ends[0]).toMatchObject({ kind: 'lost', reason: 'evicted' });
    expect(keeps.ends).toEqual([]);
    expect(election.term).toBeUndefined();
    expect(await operator.evict('nobody')).toBe(false);
  });

  it('with force waits for no work: the term is over, and its work is told so', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const heard = listen(election);
    let finish!: () => void;
    const led = election.lead(() => new Promise<void>((resolve) => (finish = resolve)));
    await rig.clock.advance(10);
    const { tenure: operator } = rig.tenure('b');
    // Asked before, and in vain.
    await operator.evict('job');
    await rig.clock.advance(10);
    expect(heard.terms[0]!.isCurrent()).toBe(true);
    await operator.evict('job', { force: true });
    await rig.clock.advance(400);
    expect(heard.terms[0]!.isCurrent()).toBe(false);
    expect(heard.ends[0]).toMatchObject({ kind: 'lost', reason: 'evicted', overrun: true });
    finish();
    await expect(led).rejects.toMatchObject({ code: 'TERM_LOST', reason: 'evicted' });
  });

  it('stands back after resigning until another term has begun, or one TTL has passed', async () => {
    const { election, heard } = await leading('a');
    await election.resign();
    await rig.clock.advance(880);
    expect(heard.terms).toHaveLength(1);
    await rig.clock.advance(100);
    expect(heard.log).toEqual(['acquired 1', 'released 1 released', 'acquired 2']);
  });
});

function sessionOf(from: Rig, index: number): Parameters<Rig['space']['end']>[0] {
  const first = from.space.first({ namespace: 'tenure', name: 'job' });
  if (!first) throw new Error(`no claim to take session ${index} from`);
  return first.session;
}
