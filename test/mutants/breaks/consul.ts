import { breaksIn } from '../mutation.ts';
import type { Mutation } from '../mutation.ts';

const one = breaksIn('consul');

export const consulBreaks: readonly Mutation[] = [
  one(
    'S1',
    'an adopted session is called new',
    'opening.ts',
    ['adopted: true', 'adopted: false'],
    'is adopted when its request went through unanswered',
  ),
  one(
    'S4',
    'who waits does not see that the key is gone',
    'park.ts',
    ['if (pair === undefined) return index !== 0;', 'if (pair === undefined) return false;'],
    'wakes a parked claim when the holder releases',
  ),
  one(
    'S5',
    'any 404 is taken for the end of the session',
    'session.ts',
    ['if (status === 404 && String(body).includes(this.id)) {', 'if (status === 404) {'],
    'is not gone for a 404 of something in between',
  ),
  one(
    'S6',
    'a claim that won without an answer is not known again',
    'claims.ts',
    ['record?.claimId === proposal.claimId;', 'record?.claimId === `${proposal.claimId}!`;'],
    'that went through unanswered is found again',
  ),
  one(
    'S6',
    'a claim that comes after its release stays',
    'claims.ts',
    ['if (mayComeLate) this.#ghosts.expect(path, claimId);', ''],
    'that was given up unanswered, and is applied after that',
  ),
  one(
    'S7',
    'the token is how often the key was locked',
    'pair.ts',
    ['BigInt(pair.lockIndex === 0 ? pair.createIndex : pair.modifyIndex)', 'BigInt(pair.lockIndex)'],
    'grants a higher token after an operator has deleted the key',
  ),
  one(
    'S8',
    'the lock operation alone decides a claim',
    'claims.ts',
    ['const operations = [guard, tx.lock', 'const operations = [...[guard].slice(1), tx.lock'],
    'holds off another claim id of the same session',
  ),
  one(
    'S8',
    'a release does not compare the claim',
    'removal.ts',
    ['if (record) return record.claimId === claimId;', 'if (record) return claimId !== undefined;'],
    'does not let a late release of an old claim touch a newer one of the same session',
  ),
  one(
    'S8',
    'a save does not compare the lock',
    'writer.ts',
    ['[...this.#guards(hold), guard, set(path, value)]', '[guard, set(path, value)]'],
    'that was taken, and has not heard of it, saves nothing',
  ),
  one(
    'S8',
    'a save does not look at its sequence',
    'writer.ts',
    ['if (hold.saved.sequence >= sequence) return;', ''],
    'does not let a late save undo a newer one of the same term',
  ),
  one(
    'S13',
    'a renewal asks for the session only',
    'session.ts',
    ['this.#site.lookout.verify(this.#claims.paths(), since, signal),', 'Promise.resolve(since),'],
    'a renewal asks for itself when the queries are silent',
  ),
  one(
    'S14',
    'the mark of an eviction is not read',
    'hold.ts',
    ["return record.evict ? 'asked-back' : 'held';", "return 'held';"],
    'asks the holder to let go, tells it with each renewal',
  ),
];
