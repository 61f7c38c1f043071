import { describe, expect, it } from 'vitest';
import type { HistoryEvent, Injected } from '@tenure/conformance/history';
import { broken, judged, left, lost, sees, won } from './history-scene.ts';

const stoodFor = ['job'];
const fault = (at: number, name = 'partition'): Injected => ({ what: 'fault', at, fault: name });
const healed = (at: number, name = 'partition'): Injected => ({ what: 'healed', at, fault: name });

describe('after all faults are healed', () => {
  const first = [won(0, 'a', 1), lost(150, 'a', 1)];
  const heard = (at: number): HistoryEvent[] => [...first, won(at, 'b', 2), left(10_000, 'b', 2)];

  it('there is a leader in time', () => {
    const verdict = judged([...heard(1500), fault(100), healed(500)], { stoodFor });
    expect(verdict).toMatchObject({ violations: [], longestWithoutLeaderMs: 1000 });
    const [violation] = judged([...heard(1501), fault(100), healed(500)], { stoodFor }).violations;
    expect(violation?.rule).toBe('leader-after-healing');
    expect(violation?.text).toBe(
      '"job" had no leader from 500 ms until 1501 ms, though nothing was wrong any more',
    );
  });

  it('one that led all the time will do', () => {
    const led = [won(0, 'a', 1), left(10_000, 'a', 1), fault(100), healed(500)];
    expect(judged(led, { stoodFor })).toMatchObject({ violations: [], longestWithoutLeaderMs: 0 });
  });

  it('one that has died does not count, nor a leader of another key', () => {
    const died = { what: 'died', at: 400, candidates: ['a'] } as const;
    expect(broken([won(0, 'a', 1), died, fault(100), healed(500)], { stoodFor })).toEqual([
      'leader-after-healing',
    ]);
    expect(broken([...heard(600), fault(100), healed(500)], { stoodFor: ['job', 'other'] })).toEqual([
      'leader-after-healing',
    ]);
  });

  it('a key without a leader is no matter where nobody stands for it, or too little time was left', () => {
    expect(broken([...first, fault(100), healed(500)])).toEqual([]);
    expect(broken([...first, fault(100), healed(9500)], { stoodFor })).toEqual([]);
  });

  it('each stretch between faults is judged when it is long enough', () => {
    const early = [...heard(6000), fault(100), healed(500), fault(5500), healed(5600)];
    expect(broken(early, { stoodFor })).toEqual(['leader-after-healing']);
    const short = [...heard(6500), fault(100), healed(5000), fault(5500), healed(5600)];
    expect(broken(short, { stoodFor })).toEqual([]);
    const soon = [...heard(5700), fault(100), healed(5000), fault(5500), healed(5600)];
    expect(judged(soon, { stoodFor }).longestWithoutLeaderMs).toBe(100);
  });

  it('means: all of them, each as often as it was injected', () => {
    const other = [fault(200, 'slow disk'), healed(5000, 'slow disk')];
    expect(broken([...heard(6000), fault(100), healed(500), ...other], { stoodFor })).toEqual([]);
    const twice = [fault(100), fault(200), healed(500), healed(5000)];
    expect(broken([...heard(6000), ...twice], { stoodFor })).toEqual([]);
  });

  it('a fault that is never healed is over at once', () => {
    expect(broken([...heard(1200), fault(200, 'flushed')], { stoodFor })).toEqual([]);
    expect(broken([...heard(1201), fault(200, 'flushed')], { stoodFor })).toEqual(['leader-after-healing']);
  });

  it('may be told for everything at once: then nothing is over before', () => {
    const storm = [fault(100), fault(200, 'flushed'), healed(5000, 'everything')];
    expect(broken([...heard(6000), ...storm], { stoodFor })).toEqual([]);
    expect(broken([...heard(6001), ...storm], { stoodFor })).toEqual(['leader-after-healing']);
  });

  it('a leader that is lost in the quiet has a successor in time', () => {
    expect(broken([...heard(1150), fault(100, 'flushed')], { stoodFor })).toEqual([]);
    expect(broken([...heard(1151), fault(100, 'flushed')], { stoodFor })).toEqual(['leader-after-healing']);
    expect(broken([...first, fault(100, 'flushed')], { stoodFor })).toEqual(['leader-after-healing']);
    expect(judged([...heard(1150), fault(100, 'flushed')], { stoodFor }).longestWithoutLeaderMs).toBe(0);
  });

  it('nobody need follow the last one who leaves, but somebody must once something was healed after that', () => {
    const leaves = [won(0, 'a', 1), left(150, 'a', 1)];
    expect(broken([...leaves, fault(100, 'flushed')], { stoodFor })).toEqual([]);
    expect(broken([...leaves, fault(100), healed(500)], { stoodFor })).toEqual(['leader-after-healing']);
    expect(
      broken([...leaves, won(1151, 'b', 2), left(2000, 'b', 2), fault(100, 'flushed')], { stoodFor }),
    ).toEqual(['leader-after-healing']);
  });

  it('absences and deaths are faults, too', () => {
    const away = { what: 'away', since: 100, at: 5000, candidates: ['c'] } as const;
    expect(broken([...heard(6000), away], { stoodFor })).toEqual([]);
    expect(broken([...heard(6001), away], { stoodFor })).toEqual(['leader-after-healing']);
    const died = { what: 'died', at: 5000, candidates: ['c'] } as const;
    expect(broken([...heard(6001), died, fault(100), healed(500)], { stoodFor })).toEqual([
      'leader-after-healing',
      'leader-after-healing',
    ]);
  });

  it('without any fault there is one, too', () => {
    expect(broken([won(1000, 'a', 1), left(1100, 'a', 1), sees(0, 'o', undefined)], { stoodFor })).toEqual(
      [],
    );
    expect(broken([sees(0, 'o', undefined)], { stoodFor })).toEqual(['leader-after-healing']);
    expect(broken([], { stoodFor })).toEqual(['leader-after-healing']);
  });
});

describe('observers', () => {
  const terms = [won(0, 'a', 1), lost(100, 'a', 1), won(200, 'b', 2), left(9000, 'b', 2)];

  it('see one leader after the other', () => {
    const seen = [sees(1, 'o', 1), sees(101, 'o', undefined), sees(201, 'o', 2), sees(201, 'o', 2)];
    expect(broken([...terms, ...seen])).toEqual([]);
  });

  it('never see an earlier one again, not even after nobody', () => {
    const seen = [sees(201, 'o', 2), sees(202, 'o', undefined), sees(203, 'o', 1), sees(204, 'o', 2)];
    expect(broken([...terms, ...seen])).toEqual(['observers-monotone']);
    const back = [sees(201, 'o', 3), sees(202, 'o', 1), sees(203, 'o', 2)];
    expect(broken([...terms, ...back])).toEqual(['observers-monotone', 'observers-monotone']);
    expect(broken([...terms, sees(1, 'o', 2), sees(2, 'p', 1), sees(300, 'p', 2)])).toEqual([]);
  });

  it('show the last leader at the end, or nobody when that is gone', () => {
    expect(broken([...terms, sees(1, 'o', 1)])).toEqual(['observers-converge']);
    expect(broken([...terms, sees(1, 'o', 1), sees(9001, 'o', undefined)])).toEqual([]);
    const [violation] = judged([...terms, sees(1, 'o', 1)]).violations;
    expect(violation?.text).toBe(
      'o showed term 1 of "job" at the end, since 1 ms, and the last leader had term 2, begun at 200 ms',
    );
  });

  it('do not show nobody while somebody leads', () => {
    const leads = [won(0, 'a', 1), sees(1, 'o', 1), sees(2, 'o', undefined)];
    expect(broken(leads)).toEqual(['one-end', 'observers-converge']);
  });

  it('may miss who came while everything was closed', () => {
    const closing = [won(9000, 'c', 3), left(9010, 'c', 3), sees(201, 'o', 2)];
    expect(broken([...terms, ...closing])).toEqual([]);
    expect(broken([...terms, ...closing, sees(9001, 'p', 3)])).toEqual([]);
    expect(broken([...terms, ...closing, sees(1, 'p', 1)])).toEqual(['observers-converge']);
  });

  it('are not judged when they were killed, or when faults went on to the end', () => {
    expect(broken([...terms, sees(1, 'o', 1), { what: 'died', at: 150, candidates: ['o'] }])).toEqual([]);
    expect(broken([...terms, sees(1, 'o', 1), fault(100), healed(8001)])).toEqual([]);
    expect(broken([...terms, sees(1, 'o', 1), fault(100), healed(8000)])).toEqual(['observers-converge']);
  });
});
