import { setMaxListeners } from 'node:events';
import { decodeRecord } from '@tenure/core/store';
import type { Granted } from '@tenure/core/store';
import { keyId } from './mutants.ts';
import type { Mutation } from './mutants.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);

/** Each breaks one rule of the contract. The suite must tell every one of them from a sound store. */
export const mutations: Readonly<Record<string, Mutation>> = {
  'a repeated claim is granted anew, with a new token': {
    fails: 'answers the same claim id with the same grant, any number of times',

    session: (real) => ({
      claim: async (key, proposal, signal) => {
        const outcome = await real.claim(key, proposal, signal);
        if (outcome.outcome === 'held') return outcome;
        await real.release(key, proposal.claimId, signal);
        return real.claim(key, proposal, signal);
      },
    }),
  },
  'a release goes by the session, not by the claim id': {
    fails: 'does not let a late release of an old claim touch a newer one of the same session',

    session: (real) => {
      const claims: { key: string; claimId: string }[] = [];
      return {
        claim: async (key, proposal, signal) => {
          claims.push({ key: keyId(key), claimId: proposal.claimId });
          return real.claim(key, proposal, signal);
        },
        release: async (key, _claimId, signal) => {
          for (const claim of claims) {
            if (claim.key === keyId(key)) await real.release(key, claim.claimId, signal);
          }
        },
      };
    },
  },
  'a watch tells only of metadata that differ': {
    fails: 'tells an observer of a new term whose record equals the one before',

    store: (real) => ({
      async *watch(key, signal) {
        let last: string | undefined;
        for await (const holder of real.watch(key, signal)) {
          const metadata = holder && JSON.stringify([decodeRecord(holder.value)?.metadata]);
          if (metadata !== undefined && metadata === last) continue;
          if (metadata !== undefined) last = metadata;
          yield holder;
        }
      },
    }),
  },
  'tokens start again when a key was deleted': {
    fails: 'grants a higher token after an operator has deleted the key',

    session: (real, { deleted }) => {
      const granted = new Map<string, Granted>();
      return {
        claim: async (key, proposal, signal) => {
          const outcome = await real.claim(key, proposal, signal);
          if (outcome.outcome === 'held') return outcome;
          granted.set(proposal.claimId, outcome);
          return { ...outcome, token: outcome.token - (deleted.get(keyId(key)) ?? 0n) };
        },
        announce: (mine, ...rest) => real.announce(granted.get(mine.claimId) ?? mine, ...rest),
        save: (mine, ...rest) => real.save(granted.get(mine.claimId) ?? mine, ...rest),
      };
    },
  },
  'a save is taken from anyone': {
    fails: 'refuses a save of a past term of the same session, whatever its sequence',

    session: (real, { checkpoints }) => ({
      claim: async (key, proposal, signal) => {
        const outcome = await real.claim(key, proposal, signal);
        return outcome.outcome === 'held' ? outcome : { ...outcome, checkpoint: checkpoints.get(keyId(key)) };
      },
      save: async ({ key }, checkpoint, _sequence, signal) => {
        signal.throwIfAborted();
        checkpoints.set(keyId(key), checkpoint);
      },
    }),
  },
  'a save does not look at its sequence': {
    fails: 'does not let a late save undo a newer one of the same term, nor mind one that is repeated',

    session: (real) => {
      let sequence = 0;
      return {
        save: (granted, checkpoint, _sequence, signal) => {
          sequence += 1;
          return real.save(granted, checkpoint, sequence, signal);
        },
      };
    },
  },
  'a session is let in again by any of its claims': {
    fails: 'holds off another claim id of the same session, which is another contender',

    session: (real) => {
      const held = new Map<string, Granted>();
      return {
        claim: async (key, proposal, signal) => {
          const before = held.get(keyId(key));
          if (before) return { ...before, claimId: proposal.claimId };
          const outcome = await real.claim(key, proposal, signal);
          if (outcome.outcome === 'granted') held.set(keyId(key), outcome);
          return outcome;
        },
        release: (key, claimId, signal) => {
          held.delete(keyId(key));
          return real.release(key, claimId, signal);
        },
      };
    },
  },
  'a dead session is granted what is free': {
    fails: 'never grants a key to a waiter whose session has expired, although the holder leaves',

    session: (real) => ({
      claim: (key, proposal, signal) =>
        real.claim(key, proposal, signal).catch((): Granted => {
          const { claimId } = proposal;
          return {
            outcome: 'granted',
            key,
            claimId,
            token: 10n ** 9n,
            checkpoint: undefined,
            announced: true,
          };
        }),
    }),
  },
  'a dead session can be renewed': {
    fails: 'refuses to renew a session that has expired, and never grants it anything again',

    session: (real) => ({
      renew: (signal) => real.renew(signal).catch(() => ({ ttlMs: real.ttlMs, news: [] })),
    }),
  },
  'a park is never woken': {
    fails: 'wakes a parked claim when the holder releases, and the claim is granted when it asks again',
    session: () => ({ park: () => new Promise(() => {}) }),
  },
  'a park does not hear that it is aborted': {
    fails: 'rejects an aborted park with the reason of the signal, a hundred of them at once',

    session: (real) => ({ park: (held) => real.park(held, never) }),
  },
  'an adopted session is called new': {
    fails: 'does not call a session new that has spent a part of its TTL already',
    session: () => ({ adopted: false }),
  },
  'a renewal tells its news once': {
    fails:
      'asks the holder to let go, tells it with each renewal, and gives the key to the next after its release',

    session: (real) => {
      const told = new Set<string>();
      return {
        renew: async (signal) => {
          const { ttlMs, news } = await real.renew(signal);
          const fresh = news.filter(({ claimId }) => !told.has(claimId));
          for (const { claimId } of fresh) told.add(claimId);
          return { ttlMs, news: fresh };
        },
      };
    },
  },
  'a renewal has no news': {
    fails: 'tells of an eviction by renewal alone, when every notification is lost',

    session: (real) => ({ renew: async (signal) => ({ ...(await real.renew(signal)), news: [] }) }),
  },
  'who is asked to let go is robbed at once': {
    fails:
      'asks the holder to let go, tells it with each renewal, and gives the key to the next after its release',

    store: (real) => ({
      evict: (key, token, _how, signal) => real.evict(key, token, { force: true }, signal),
    }),
  },
  'an eviction does not look at the token': {
    fails: 'says no to an eviction whose token is not that of the holder, and does nothing',

    store: (real) => ({
      evict: async (key, _token, how, signal) => {
        const holder = await real.holder(key, signal);
        return holder ? real.evict(key, holder.token, how, signal) : false;
      },
    }),
  },
  'keys are told apart without regard to case and blanks': {
    fails: 'keeps keys of any name apart: in claim, holder, list, release and checkpoint',

    session: (real) => ({
      claim: (key, ...rest) => real.claim({ ...key, name: key.name.trim().toLowerCase() }, ...rest),
    }),
  },
  'a list takes the prefix for a folder': {
    fails: 'lists what is held under a prefix, whoever holds it, and nothing else',

    store: (real) => ({
      list: async (prefix, signal) =>
        (await real.list({ ...prefix, name: '' }, signal)).filter(
          ({ key }) => prefix.name === '' || key === prefix.name || key.startsWith(`${prefix.name}/`),
        ),
    }),
  },
  'values are cut off at a limit below the promised one': {
    fails: 'takes records and checkpoints of exactly the size it promises, counted in bytes',

    session: (real) => ({
      save: (granted, text, ...rest) => real.save(granted, text.slice(0, 4000), ...rest),
    }),
  },
  'an end of a session leaves it to its TTL': {
    fails: 'leaves no key, no session and no handle when everything is closed',
    session: () => ({ close: async () => {} }),
  },
};
