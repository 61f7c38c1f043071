import ms from 'ms';
import { AccessDeniedError } from '@tenure/core';
import { systemClock } from '@tenure/core/store';
import type { Diagnosis } from './diagnosis.ts';
import { failed, good, warning } from './diagnosis.ts';
import type { Patient } from './patient.ts';

/** What the server says of itself, and whether its clock is ours. */
export async function server(patient: Patient): Promise<readonly Diagnosis[]> {
  const { store } = patient;
  if (!store.checkup) return [good('server', `The ${store.name} store tells nothing of its server`)];
  const sent = systemClock.now();
  try {
    const { product, serverTimeMs, findings } = await patient.ask((signal) => store.checkup!(signal));
    const tripMs = systemClock.now().monoMs - sent.monoMs;
    const told = findings.map(({ level, text }): Diagnosis => ({ check: 'server', level, text }));
    const first = good('product', `The server is ${product}`, { product });
    if (serverTimeMs === undefined) return [first, ...told];
    // Somewhere between sending and answer; half the trip either way.
    const aheadMs = serverTimeMs - (sent.wallMs + tripMs / 2);
    return [first, clock(patient, Math.round(aheadMs), Math.ceil(tripMs / 2)), ...told];
  } catch (error) {
    patient.refuseOver();
    const diagnosis = failed('server', 'The server cannot be asked how it is', error);
    return [error instanceof AccessDeniedError ? warning('server', diagnosis.text) : diagnosis];
  }
}

function clock(
  { store: { traits }, timing: { marginMs } }: Patient,
  aheadMs: number,
  byMs: number,
): Diagnosis {
  const size = `${ms(Math.abs(aheadMs))} (give or take ${ms(byMs)})`;
  const fields = { aheadMs, byMs, marginMs };
  const difference = `The server's clock is ${size} ${aheadMs < 0 ? 'behind' : 'ahead of'} ours`;
  if (traits.clock === 'monotonic')
    return good('clock', `${difference}, and nothing depends on it: sessions end by elapsed time`, fields);
  if (Math.abs(aheadMs) - byMs <= marginMs)
    return good('clock', `${difference}, less than the margin of ${ms(marginMs)}`, fields);
  const text =
    `${difference}. No term depends on the difference: sessions end by the server's clock, terms by the time that passes here. ` +
    `But one of the two is wrong, and who puts the server's forward by more than ${ms(marginMs)} in one step ends sessions early, ` +
    'so that terms can overlap. The times that are shown are off, too. Let NTP keep both, and slew rather than step';
  return warning('clock', text, fields);
}
