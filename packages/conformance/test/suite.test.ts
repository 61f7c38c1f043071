import { describe, expect, it } from 'vitest';
import { describeStore } from '@tenure/conformance';
import { play, themes } from '../src/themes.ts';
import { mutant } from './mutants.ts';
import { mutations } from './mutations.ts';

const cases = Object.values(themes).flat();

describe('the suite', () => {
  it.each(Object.entries(mutations))('notices that %s', async (_name, mutation) => {
    const { signal } = new AbortController();
    const judge = cases.find(({ name }) => name === mutation.fails);
    if (!judge) throw new Error(`no case is called "${mutation.fails}"`);
    await play(judge, mutant({}), signal);
    await expect(play(judge, mutant(mutation), signal)).rejects.toThrow(/\w/u);
  });

  it('has no two cases of one name', () => {
    const names = cases.map(({ name }) => name);
    expect(names).toHaveLength(new Set(names).size);
  });

  it('refuses to skip a case that does not exist', () => {
    const skip = [{ case: 'makes coffee', reason: 'no beans' }];
    expect(() => describeStore('any', { ...mutant({}), skip })).toThrow('no case is called "makes coffee"');
  });
});
