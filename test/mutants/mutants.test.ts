import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { choose } from './choice.ts';
import { ROOT, brokenFiles } from './copy.ts';
import { judge, unsound, without } from './judge.ts';
import { mutations } from './mutations.ts';
import { packageNames } from './suites.ts';
import { failuresIn } from './trial.ts';
import type { Failure } from './trial.ts';

/** Runs that end so, one after another; with what was asked for in each. */
function runs(...ends: readonly (readonly Failure[])[]) {
  const asked: (string | undefined)[] = [];
  const run = async (only?: string): Promise<readonly Failure[]> => ends[asked.push(only) - 1] ?? [];
  return { asked, run };
}

const wrong = (test: string): Failure => ({ test, isAssertion: true });
const late = (test: string): Failure => ({ test, isAssertion: false });

describe('the mutations', () => {
  it('fit the code, each edit exactly once', async () => {
    for (const mutation of mutations) {
      const files = await brokenFiles(mutation);
      expect(files.size).toBeGreaterThan(0);
    }
  });

  it('name tests that are there', async () => {
    const folders = [
      'packages/conformance/src/cases',
      'test/command',
      ...packageNames.map((name) => `packages/${name}/test`),
    ];
    const texts = await Promise.all(
      folders.map(async (folder) => {
        const files = (await readdir(join(ROOT, folder))).filter((file) => file.endsWith('.ts'));
        return Promise.all(files.map((file) => readFile(join(ROOT, folder, file), 'utf8')));
      }),
    );
    const all = texts.flat().join('\n');
    const missing = mutations.filter(({ by }) => by !== undefined && !all.includes(by));
    expect(missing.map(({ by }) => by)).toEqual([]);
  });

  it('break every store in at least four places, and everybody in one', () => {
    for (const name of packageNames) expect(choose(mutations, [name]).length).toBeGreaterThan(0);
    for (const name of ['etcd', 'consul', 'redis', 'sql']) {
      expect(choose(mutations, [name]).length).toBeGreaterThanOrEqual(4);
    }
  });

  it('are chosen by package, by rule and by both, and a word that is neither is refused', () => {
    expect(choose(mutations, [])).toEqual(mutations);
    expect(new Set(choose(mutations, ['S8']).map(({ rule }) => rule))).toEqual(new Set(['S8']));
    const both = choose(mutations, ['redis', 'S8']);
    expect(both.length).toBeGreaterThan(0);
    expect(both.every((each) => each.package === 'redis' && each.rule === 'S8')).toBe(true);
    expect(() => choose(mutations, ['S99'])).toThrow('"S99" is neither a package (core, etcd');
  });
});

describe('a mutant', () => {
  it('is killed at once by a test that names its rule and sees something wrong', async () => {
    const { asked, run } = runs([wrong('S1: counts from before')]);
    expect((await judge({ rule: 'S1' }, run)).killer).toBe('S1: counts from before');
    expect(asked).toEqual(['S1']);
  });

  it('is not killed by a test of another rule that fails once, nor by a time-out', async () => {
    for (const failure of [wrong('S10: listeners'), late('S1: counts from before')]) {
      expect(await judge({ rule: 'S1' }, runs([], [failure], [wrong('another')]).run)).toEqual({
        killer: undefined,
        flaky: [failure.test, 'another'],
      });
    }
  });

  it('is killed by any test that fails twice in a row', async () => {
    const { run } = runs([late('a'), late('b')], [late('b')]);
    expect((await judge({ rule: 'S1' }, run)).killer).toBe('b');
  });

  it('is judged by the test that is there for it, and by all where that one passes', async () => {
    const { asked, run } = runs([], [late('all')], [late('all')]);
    expect((await judge({ rule: 'S8', by: 'compares' }, run)).killer).toBe('all');
    expect(asked).toEqual(['compares', undefined, undefined]);
    expect((await judge({ rule: 'S8', by: 'compares' }, runs([wrong('it compares')]).run)).killer).toBe(
      'it compares',
    );
  });

  it('survives when nothing fails', async () => {
    expect(await judge({ rule: 'S8', by: 'compares' }, runs().run)).toEqual({ killer: undefined, flaky: [] });
  });

  it('is not killed by a test that fails without it, be it only one time out of two', async () => {
    const bad = await unsound(runs([late('a')], [late('b')]).run);
    expect([...bad]).toEqual(['a', 'b']);
    expect([...(await unsound(runs().run))]).toEqual([]);
    const { run } = runs([wrong('a, of S8'), late('b')], [late('a, of S8')]);
    expect((await judge({ rule: 'S8' }, without(new Set(['a, of S8', 'b']), run))).killer).toBeUndefined();
  });
});

it('a failure is an assertion or something else, and a file that cannot be loaded is one, too', () => {
  const result = (fullName: string, message: string) => ({
    status: 'failed',
    fullName,
    failureMessages: [message],
  });
  expect(
    failuresIn({
      testResults: [
        {
          name: 'one.test.ts',
          status: 'failed',
          assertionResults: [
            result('a', 'AssertionError: expected 1 to be 2'),
            result('b', 'Error: Test timed out in 10000ms.'),
            { status: 'passed', fullName: 'c' },
          ],
        },
        { name: 'two.test.ts', status: 'failed', assertionResults: [] },
      ],
    }),
  ).toEqual([wrong('a'), late('b'), late('(two.test.ts)')]);
});
