import { describe, expect, test } from 'vitest';
import { settingsFrom } from './arguments.ts';
import { placeFor } from './place.ts';
import { tableOf } from './report.ts';
import { uncontended } from './scenarios/uncontended.ts';
import type { Standing } from './standing.ts';
import { targets } from './targets.ts';
import { judge, verdict } from './verdict.ts';

const settings = settingsFrom(['--runs', '1', '--count', '8']);

describe('the bench', () => {
  test('shows the floor, Tenure and the ratio of both, and judges every target or says that it was not measured', async () => {
    const standings: Standing[] = [];
    for (const store of ['sqlite', 'memory'] as const) {
      await using place = await placeFor(store);
      standings.push(...(await uncontended.play(place, settings)));
    }

    const [titles, , ...rows] = tableOf(uncontended, standings).split('\n');
    expect(titles).toMatch(/^store +who +p50 ms +p50 ms \/ floor/u);
    for (const store of ['sqlite', 'memory']) {
      const own = rows.filter((row) => row.startsWith(store));
      expect(own.filter((row) => /floor: .* 1 /u.test(row))).toHaveLength(1);
      expect(own.filter((row) => /Tenure +[\d.]+ +[\d.]+ /u.test(row))).toHaveLength(1);
      expect(own.filter((row) => row.includes('Tenure, store only'))).toHaveLength(1);
    }

    const judged = judge(standings);
    expect(judged).toHaveLength(targets.length);
    const measured = judged.filter(({ outcome }) => outcome !== 'not measured');
    expect(measured.map(({ store, measure }) => `${store} ${measure}`).toSorted()).toEqual([
      'memory p50Ms',
      'sqlite cpuUs',
      'sqlite p50Ms',
      'sqlite rate',
    ]);
    for (const { measured: figure, outcome } of judged)
      expect(figure === undefined).toBe(outcome === 'not measured');
    expect(verdict(judged)).toMatch(
      new RegExp(`\\d+ met, \\d+ missed, ${targets.length - measured.length} not measured$`, 'u'),
    );
  });

  test('judges by what the runs say one by one, and a limit counts as kept', () => {
    const samples = (...values: number[]) => values.map((p50Ms) => ({ p50Ms }));
    const on = { scenario: 'uncontended', store: 'etcd' } as const;
    const standings: Standing[] = [
      { ...on, name: 'floor: least code', role: 'floor', samples: samples(1, 10, 100) },
      { ...on, name: 'Tenure', role: 'tenure', samples: samples(1.25, 125, 125) },
      { ...on, name: 'etcd3 Lock', role: 'peer', samples: samples(2, 200, 200) },
    ];

    const judged = judge(standings).filter(({ outcome }) => outcome !== 'not measured');

    expect(judged.map(({ over, measured, outcome }) => [over, measured, outcome])).toEqual([
      ['floor', 1.25, 'met'],
      ['etcd3 Lock', 0.625, 'missed'],
    ]);
  });

  test('refuses what makes no sense, quoting it', () => {
    expect(() => settingsFrom(['--store', 'oracle'])).toThrow('oracle');
    expect(() => settingsFrom(['--scenario', 'idle'])).toThrow('idle');
    expect(() => settingsFrom(['--runs', '0'])).toThrow('"0"');
    expect(() => settingsFrom(['--keys', '10,many'])).toThrow('"many"');
    expect(() => settingsFrom(['--url', 'oracle://x'])).toThrow('oracle');
    expect(() => settingsFrom(['--url', 'redis://x', '--store', 'redis'])).toThrow('--store');
  });
});
