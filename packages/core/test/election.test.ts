import { ClosedError, InvalidArgumentError, TermLostError } from '@tenure/core';
import type { Fault } from '@tenure/conformance/network';
import type { Leader, Standing, Term } from '@tenure/core';
import { later } from '@tenure/core/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rig, hang, listen } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

describe('an election', () => {
  it('does nothing before it is started, whoever subscribes', async () => {
    const { tenure, line } = rig.tenure('a');
    listen(tenure.election('job'));
    await rig.clock.advance(1000);
    expect(line.calls).toEqual([]);
  });

  it('gives late subscribers the current term, and only while it is current', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    election.start();
    await rig.clock.advance(10);
    expect(listen(election).log).toEqual(['acquired 1']);
    rig.clock.stall(1000);
    expect(listen(election).log).toEqual([]);
  });

  it('tells the same by streams and by events, released or lost once for each acquired (T36)', async () => {
    const { tenure, line } = rig.tenure('a');
    const election = tenure.election('job');
    const { log } = listen(election);
    const events: string[] = [];
    election.on('acquired', ({ token }) => events.push(`acquired ${token}`));
    election.on('released', ({ term, reason }) => events.push(`released ${term.token} ${reason}`));
    election.on('lost', ({ term, reason }) => events.push(`lost ${term.token} ${reason}`));
    election.start();
    await rig.clock.advance(10);
    line.fault = ({ verb }) => (verb === 'renew' ? hang : undefined);
    await rig.clock.advance(850);
    line.fault = () => undefined;
    await rig.clock.advance(2000);
    await election.resign();
    await rig.clock.advance(2000);
    await election.stop();
    expect(events).toEqual(log);
    expect(log.map((entry) => entry.split(' ')[0])).toEqual([
      'acquired',
      'lost',
      'acquired',
      'released',
      'acquired',
      'released',
    ]);
  });

  it('says where it stands, the current value first', async () => {
    const { tenure } = rig.tenure('a', { candidate: { metadata: { port: 1 } } });
    const { tenure: other } = rig.tenure('b');
    const election = tenure.election('job');
    const standings: Standing[] = [];
    election.standing.subscribe((standing) => standings.push(standing));
    const rival = other.election('job');
    const follows: Standing[] = [];
    rival.standing.subscribe((standing) => follows.push(standing));
    election.start();
    await rig.clock.advance(10);
    rival.start();
    await rig.clock.advance(10);
    await election.stop();
    await rig.clock.advance(10);
    expect(standings.map(({ role }) => role)).toEqual(['idle', 'candidate', 'leader', 'idle']);
    expect(standings[2]?.leader).toMatchObject({ id: 'a', metadata: { port: 1 } });
    expect(follows.map(({ role, leader }) => [role, leader?.id])).toEqual([
      ['idle', undefined],
      ['candidate', undefined],
      ['follower', 'a'],
      ['leader', 'b'],
    ]);
  });

  it('shows who leads, live, also with equal metadata, to any number of subscribers over one watch', async () => {
    const { tenure, line } = rig.tenure('a');
    const seen: (Leader | undefined)[] = [];
    const also: (Leader | undefined)[] = [];
    tenure.observe('job').subscribe((leader) => seen.push(leader));
    tenure.election('job').leader.subscribe((leader) => also.push(leader));
    const { tenure: other } = rig.tenure('b', { candidate: { metadata: 'same' } });
    for (let round = 0; round < 3; round++) {
      const election = other.election('job');
      election.start();
      await rig.clock.advance(10);
      await election.stop();
      await rig.clock.advance(10);
    }
    expect(seen.map((leader) => leader?.token)).toEqual([
      undefined,
      1n,
      undefined,
      2n,
      undefined,
      3n,
      undefined,
    ]);
    expect(also).toEqual(seen);
    expect(seen[1]).toMatchObject({
      key: 'job',
      id: 'b',
      metadata: 'same',
      acquiredAt: '2030-01-01T00:00:00.000Z',
    });
    expect(line.calls.filter(({ verb }) => verb === 'watch')).toHaveLength(1);
  });

  it('keeps one session and one renewal a period, however many keys it holds', async () => {
    const { tenure, line } = rig.tenure('a');
    for (let i = 0; i < 100; i++) tenure.election(`job-${i}`).start();
    await rig.clock.advance(200);
    expect(await tenure.leaders('job-')).toHaveLength(100);
    line.calls.length = 0;
    await rig.clock.advance(2700);
    expect(line.calls.map(({ verb }) => verb)).toEqual(Array.from({ length: 9 }, () => 'renew'));
  });

  it('starts again after it was stopped', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const { log } = listen(election);
    for (let round = 0; round < 3; round++) {
      election.start();
      await rig.clock.advance(10);
      await election.stop();
    }
    expect(log.filter((entry) => entry.startsWith('acquired'))).toEqual([
      'acquired 1',
      'acquired 2',
      'acquired 3',
    ]);
  });

  it('gives up for good a release that the store cannot be told of, once its session has lapsed', async () => {
    const { tenure, line } = rig.tenure('a');
    const election = tenure.election('job');
    election.start();
    await rig.clock.advance(10);
    line.fault = () => hang;
    let done = false;
    const stopped = election.stop().then(() => (done = true));
    await rig.clock.advance(500);
    expect(done).toBe(false);
    await rig.clock.advance(500);
    expect(done).toBe(true);
    line.fault = () => undefined;
    await stopped;
  });
});

describe('lead', () => {
  it('runs the work for each term; work that returns resigns and stands again', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const { log } = listen(election);
    const tokens: bigint[] = [];
    const led = election.lead(({ token }) => void tokens.push(token));
    await rig.clock.advance(2000);
    await election.stop();
    await led;
    expect(tokens.slice(0, 2)).toEqual([1n, 2n]);
    expect(log.slice(0, 3)).toEqual(['acquired 1', 'released 1 released', 'acquired 2']);
  });

  it('hands over to a rival between two terms', async () => {
    const leads: string[] = [];
    for (const id of ['a', 'b']) {
      const { tenure } = rig.tenure(id);
      void tenure.election('job').lead(async () => {
        leads.push(id);
        await rig.passes(20);
      });
    }
    await rig.clock.advance(200);
    expect(leads.slice(0, 4)).toEqual(['a', 'b', 'a', 'b']);
  });

  it('rejects with what the work throws, after giving the key up (T71)', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const { log } = listen(election);
    const led = election.lead(() => {
      throw new Error('broken work');
    });
    led.catch(() => {});
    await rig.clock.advance(10);
    await expect(led).rejects.toThrow('broken work');
    expect(log).toEqual(['acquired 1', 'released 1 released']);
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('rejects with TermLostError when the term was lost, even if the work resolved', async () => {
    const { tenure, line } = rig.tenure('a');
    const led = tenure.election('job').lead(async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    led.catch(() => {});
    await rig.clock.advance(10);
    line.fault = () => hang;
    await rig.clock.advance(3000);
    await expect(led).rejects.toBeInstanceOf(TermLostError);
  });

  it('ends with the reason of its signal, when the work has settled and the store was told', async () => {
    const { tenure } = rig.tenure('a');
    const stop = new AbortController();
    let settled = false;
    const led = tenure.election('job').lead(
      async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        settled = true;
        throw signal.reason as Error;
      },
      { signal: stop.signal },
    );
    led.catch(() => {});
    await rig.clock.advance(10);
    const reason = new Error('deploy');
    stop.abort(reason);
    await rig.clock.advance(10);
    await expect(led).rejects.toBe(reason);
    expect(settled).toBe(true);
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('refuses a second one, and works again after the first', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const led = election.lead(() => new Promise(() => {}));
    led.catch(() => {});
    await expect(election.lead(() => {})).rejects.toBeInstanceOf(InvalidArgumentError);
    await rig.clock.advance(10);
    expect(election.term).toBeDefined();
  });

  it('can be called from inside a listener', async () => {
    const { tenure } = rig.tenure('a');
    const first = tenure.election('first');
    const second = tenure.election('second');
    const leads: string[] = [];
    first.acquired.subscribe(() => {
      void second.lead(() => {
        leads.push('second');
        return new Promise(() => {});
      });
    });
    first.start();
    await rig.clock.advance(10);
    expect(leads).toEqual(['second']);
  });
});

describe('terms', () => {
  it('iterates over terms and stops when the loop is left', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const tokens: bigint[] = [];
    const loop = (async () => {
      for await (const term of election.terms()) {
        tokens.push(term.token);
        if (tokens.length === 2) break;
        await term.release();
      }
    })();
    await rig.clock.advance(3000);
    await loop;
    expect(tokens).toEqual([1n, 2n]);
    expect(rig.space.keys('tenure')).toEqual([]);
  });

  it('ends with the reason of its signal', async () => {
    const { tenure } = rig.tenure('a');
    const stop = new AbortController();
    const loop = (async () => {
      for await (const term of tenure.election('job').terms({ signal: stop.signal })) void term;
    })();
    loop.catch(() => {});
    await rig.clock.advance(10);
    const reason = new Error('enough');
    stop.abort(reason);
    await rig.clock.advance(10);
    await expect(loop).rejects.toBe(reason);
  });
});

describe('a term', () => {
  const won = async (): Promise<Term> => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    election.start();
    await rig.clock.advance(200);
    return election.term as Term;
  };

  it('renews early to be sure of a while, and refuses what no TTL gives', async () => {
    const term = await won();
    expect(term.remainingMs()).toBeLessThan(700);
    await term.ensure(790);
    expect(term.remainingMs()).toBeGreaterThanOrEqual(790);
    await expect(term.ensure(5000)).rejects.toBeInstanceOf(InvalidArgumentError);
    await rig.clock.advance(50);
    await term.extend();
    expect(term.remainingMs()).toBeGreaterThan(790);
  });

  it('resolves ended with how it ended, and its verbs reject from then on', async () => {
    const term = await won();
    await term.release();
    expect(await term.ended).toMatchObject({ kind: 'released', reason: 'released', term });
    expect(term.signal.reason).toBeInstanceOf(ClosedError);
    await expect(term.ensure(1)).rejects.toBeInstanceOf(TermLostError);
    await expect(term.save(1)).rejects.toBeInstanceOf(TermLostError);
  });

  it('shows announced metadata under the same token', async () => {
    const term = await won();
    await term.announce({ url: 'http://new' });
    const { tenure } = rig.tenure('b');
    expect(await tenure.leaders()).toMatchObject([{ token: term.token, metadata: { url: 'http://new' } }]);
  });
});

it('lets a bounded number of claims be in flight, so that many elections can start at once', async () => {
  const { tenure, line } = rig.tenure('a');
  let inFlight = 0;
  let most = 0;
  line.fault = ({ verb }) => {
    if (verb !== 'claim') return undefined;
    inFlight += 1;
    most = Math.max(most, inFlight);
    rig.clock.alarm(later(rig.clock.now(), 50), () => (inFlight -= 1));
    return { kind: 'late', requestMs: 50, answerMs: 0 };
  };
  const elections = Array.from({ length: 500 }, (_, i) => tenure.election(`job-${i}`));
  const errors = elections.map((election) => listen(election).errors);
  for (const election of elections) election.start();
  // Far longer than one verb may take, with no answer too late: patience begins when a claim leaves.
  await rig.clock.advance(600);
  expect(elections.every(({ term }) => term !== undefined)).toBe(true);
  expect(errors.flat()).toEqual([]);
  expect(most).toBe(256);
});

describe('lead, begun over a term that is over by the clock', () => {
  it('is told of the next one, and its work is run for that', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const { log } = listen(election);
    election.start();
    await rig.clock.advance(10);
    rig.clock.stall(1000);
    const worked: bigint[] = [];
    void election.lead(async ({ token }) => {
      worked.push(token);
    });
    await rig.clock.advance(2000);
    expect(log.slice(0, 3)).toEqual(['acquired 1', 'lost 1 stalled', 'acquired 2']);
    expect(worked[0]).toBe(2n);
  });
});

describe('a claim that comes again after it was released', () => {
  it('keeps nobody from the key, if its tenure stands for it', async () => {
    const { tenure, line } = rig.tenure('a');
    const election = tenure.election('job');
    const again: Fault = { kind: 'twice', requestMs: 1, answerMs: 1, againMs: 200 };
    line.fault = ({ verb }) => (verb === 'claim' ? again : undefined);
    election.start();
    await rig.clock.advance(10);
    line.fault = () => undefined;
    await election.stop();
    await rig.clock.advance(500);
    const stray = rig.space.first({ namespace: 'tenure', name: 'job' });
    expect(stray?.granted).toBe(true);
    const { log } = listen(election);
    election.start();
    await rig.clock.advance(100);
    expect(log).toHaveLength(1);
    expect(election.term?.token).toBeGreaterThan(stray!.token);
  });

  it('is not taken for that of another candidate of the same tenure', async () => {
    const { tenure } = rig.tenure('a');
    const [first, second] = [tenure.election('job'), tenure.election('job')];
    first.start();
    await rig.clock.advance(10);
    second.start();
    await rig.clock.advance(10_000);
    expect(first.term?.isCurrent()).toBe(true);
    expect(second.term).toBeUndefined();
  });
});
