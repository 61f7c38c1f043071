import { AccessDeniedError } from '@tenure/core';
import { systemClock } from '@tenure/core/store';
import type { Granted, StoreSession } from '@tenure/core/store';
import { failed, good, warning } from './diagnosis.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Patient } from './patient.ts';
import { hex, openSession, recordOf } from './rounds.ts';

/** What observers and operators do, on a key of our own: watch, read, list and evict. */
export async function observing(patient: Patient): Promise<readonly Diagnosis[]> {
  const session = await openSession(patient);
  try {
    return [
      await attempt(patient, 'watch', () => watched(patient, session)),
      await attempt(patient, 'list', () => listed(patient)),
      await attempt(patient, 'evict', () => evicted(patient, session)),
    ];
  } finally {
    await patient.ask((signal) => session.close(signal)).catch(() => {});
  }
}

const WHAT = {
  watch: 'Changes are not seen (watch)',
  list: 'What is held cannot be listed (leaders, observe)',
  evict: 'Holders cannot be evicted',
} as const;

/** Elections work without any of it: who may not is told so, and no more. */
async function attempt(
  patient: Patient,
  check: keyof typeof WHAT,
  work: () => Promise<Diagnosis>,
): Promise<Diagnosis> {
  try {
    return await work();
  } catch (error) {
    patient.refuseOver();
    const { text, ...diagnosis } = failed(check, WHAT[check], error);
    if (!(error instanceof AccessDeniedError)) return { ...diagnosis, text };
    return warning(check, `${text}. Elections and locks work without it`);
  }
}

async function claim(patient: Patient, session: StoreSession): Promise<Granted> {
  const key = patient.key(`.doctor-${hex(6)}`);
  const answer = await patient.ask((signal) => session.claim(key, recordOf(hex(8)), signal));
  if (answer.outcome === 'held') throw new Error('a key that is new was held already');
  return answer;
}

/** A change that happens while we watch. */
async function watched(patient: Patient, session: StoreSession): Promise<Diagnosis> {
  const over = new AbortController();
  const granted = await claim(patient, session);
  const sights = patient.store.watch(granted.key, over.signal)[Symbol.asyncIterator]();
  const until = (isSeen: (token: bigint | undefined) => boolean): Promise<void> =>
    patient.ask(async () => {
      for (;;) {
        const { done, value } = await sights.next();
        if (done) throw new Error('the watch ended');
        if (isSeen(value?.token)) return;
      }
    });
  try {
    await until((token) => token === granted.token);
    await patient.ask((signal) => session.release(granted.key, granted.claimId, signal));
    const releasedMs = systemClock.now().monoMs;
    await until((token) => token === undefined);
    const afterMs = Math.max(0, Math.round(systemClock.now().monoMs - releasedMs));
    return good('watch', `A change is seen ${afterMs} ms after it was made`, { afterMs });
  } finally {
    over.abort(new Error('seen enough'));
  }
}

async function listed(patient: Patient): Promise<Diagnosis> {
  const held = await patient.ask((signal) => patient.store.list(patient.key(''), signal));
  const { namespace } = patient.key('');
  return good('list', `Keys held in the namespace "${namespace}" now: ${held.length}`, { held: held.length });
}

/** Asked, not forced: nobody but we hold the key, and a renewal tells. */
async function evicted(patient: Patient, session: StoreSession): Promise<Diagnosis> {
  const { key, claimId, token } = await claim(patient, session);
  const asked = await patient.ask((signal) => patient.store.evict(key, token, { force: false }, signal));
  const { news } = await patient.ask((signal) => session.renew(signal));
  await patient.ask((signal) => session.release(key, claimId, signal));
  const isHeard = asked && news.some((one) => one.claimId === claimId && one.what === 'evicted');
  return isHeard
    ? good('evict', 'A holder that is asked to let go hears of it')
    : warning('evict', 'A holder that was asked to let go did not hear of it with the next renewal');
}
