import { idle } from '../../src/election/moves.ts';
import type { ElectionBreak } from './election-breaks.ts';

/**
 * What exploration has found and the core does not do yet: a term that was asked to stop, and is lost while work holds
 * it by `waitUntil`, stands again. This is how it should be; the test that fails for want of it says when to delete this.
 */
export const forgetsStop: Pick<ElectionBreak, 'instead'> = {
  instead: ({ before, after }) => {
    if (before.phase !== 'leading' || before.winding?.next !== 'idle' || after.phase === 'leading')
      return undefined;
    return after.phase === 'releasing' ? { ...after, next: 'idle' } : idle(after);
  },
};
