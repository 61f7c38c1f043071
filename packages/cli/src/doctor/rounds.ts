import { randomBytes } from 'node:crypto';
import { systemClock } from '@tenure/core/store';
import type { ClaimRecord, Granted, StoreSession } from '@tenure/core/store';
import { codeOf, exitCodes } from '../exit-codes.ts';
import { nowText } from '../moment.ts';
import { bad, failed, good, warning } from './diagnosis.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Patient } from './patient.ts';

const ROUNDS = 5;
const VERBS = ['open', 'claim', 'announce', 'save', 'renew', 'release', 'close'] as const;
type Verb = (typeof VERBS)[number];

/** Where checkpoints are tried: one key for all, as what was saved stays in the store. */
const KEPT = '.doctor';

export const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

export const recordOf = (claimId: string): ClaimRecord => ({
  id: 'tenure doctor',
  claimId,
  acquiredAt: nowText(),
});

export const openSession = (patient: Patient): Promise<StoreSession> => {
  const request = {
    id: hex(8),
    ttlMs: patient.timing.ttlMs,
    name: 'tenure doctor',
    namespace: patient.key(KEPT).namespace,
  };
  return patient.ask((signal) => patient.store.open(request, signal));
};

/** Every verb of a session, several times, on keys that nobody else uses. */
export class Rounds {
  readonly #patient: Patient;
  readonly #times = new Map<Verb, number[]>();
  readonly #failures = new Map<Verb, unknown>();
  readonly #tokens: bigint[] = [];

  constructor(patient: Patient) {
    this.#patient = patient;
  }

  /** Nobody was there to ask. */
  get isUnreachable(): boolean {
    return this.#failures.has('open') && codeOf(this.#failures.get('open')) === exitCodes.unreachable;
  }

  async run(): Promise<readonly Diagnosis[]> {
    const name = `.doctor-${hex(6)}`;
    for (let round = 0; round < ROUNDS && this.#failures.size === 0; round += 1)
      await this.#round(name, round === 0);
    const failures = [...this.#failures].map(([verb, error]) => failed(verb, FAILED[verb], error));
    const opened = this.#failures.has('open') ? [] : [good('reach', 'The store can be reached')];
    if (failures.length > 0) return [...opened, ...failures];
    const permitted = good('permission', `This user may ${VERBS.join(', ')}`, { verbs: VERBS });
    return [...opened, permitted, this.#rise(), this.#latency()];
  }

  async #round(name: string, withSave: boolean): Promise<void> {
    const session = await this.#try('open', () => openSession(this.#patient));
    if (!session) return;
    const ask = this.#patient.ask.bind(this.#patient);
    try {
      const granted = await this.#claim(session, name);
      if (granted) {
        this.#tokens.push(granted.token);
        const record = recordOf(granted.claimId);
        await this.#try('announce', () => ask((signal) => session.announce(granted, record, signal)));
      }
      if (withSave) await this.#save(session);
      await this.#try('renew', () => ask((signal) => session.renew(signal)));
      if (granted) await this.#release(session, granted);
    } finally {
      await this.#try('close', () => ask((signal) => session.close(signal)));
    }
  }

  async #claim(session: StoreSession, name: string): Promise<Granted | undefined> {
    const [key, claimId] = [this.#patient.key(name), hex(8)];
    const answer = await this.#try('claim', () =>
      this.#patient.ask((signal) => session.claim(key, recordOf(claimId), signal)),
    );
    if (answer?.outcome === 'granted') return answer;
    // Another doctor is with it, on the key that all have in common.
    if (answer && name !== KEPT) this.#failures.set('claim', new Error('a key that is new was held already'));
    return undefined;
  }

  async #release(session: StoreSession, { key, claimId }: Granted): Promise<void> {
    await this.#try('release', () => this.#patient.ask((signal) => session.release(key, claimId, signal)));
  }

  async #save(session: StoreSession): Promise<void> {
    const granted = await this.#claim(session, KEPT);
    if (!granted) return;
    const checkpoint = JSON.stringify(nowText());
    await this.#try('save', () =>
      this.#patient.ask((signal) => session.save(granted, checkpoint, 1, signal)),
    );
    await this.#release(session, granted);
  }

  /** Undefined, and kept for the report, when it fails. */
  async #try<T>(verb: Verb, work: () => Promise<T>): Promise<T | undefined> {
    const before = systemClock.now().monoMs;
    try {
      const answer = await work();
      const times = this.#times.get(verb) ?? [];
      times.push(systemClock.now().monoMs - before);
      this.#times.set(verb, times);
      return answer;
    } catch (error) {
      this.#patient.refuseOver();
      if (!this.#failures.has(verb)) this.#failures.set(verb, error);
      return undefined;
    }
  }

  #rise(): Diagnosis {
    const rises = this.#tokens.every((token, index) => index === 0 || token > this.#tokens[index - 1]!);
    return rises
      ? good('token', 'Each term had a greater token than the one before')
      : bad(
          'token',
          `Tokens do not rise: ${this.#tokens.join(', ')}. The store's clock was set back, or its data`,
        );
  }

  #latency(): Diagnosis {
    const { patienceMs, ttlMs } = this.#patient.timing;
    const medians = new Map([...this.#times].map(([verb, times]) => [verb, medianOf(times)]));
    const [worst, worstMs] = [...medians].reduce((a, b) => (b[1] > a[1] ? b : a));
    const fields = { patienceMs, medianMs: Object.fromEntries(medians) };
    const all = [...medians].map(([verb, time]) => `${verb} ${msText(time)}`).join(', ');
    if (worstMs <= patienceMs / 10)
      return good(
        'latency',
        `A TTL of ${ttlMs} ms fits: ${all} (median), and ${msText(patienceMs)} is borne`,
        fields,
      );
    const fitting = Math.ceil((worstMs * 10 * 8) / 1000);
    const text = `${worst} takes ${msText(worstMs)} (median), and an answer that takes longer than ${msText(patienceMs)} is none: leadership will be lost for nothing when the store is busy. Give --ttl ${fitting}s or more, or a store that is nearer. All: ${all}`;
    return warning('latency', text, fields);
  }
}

const FAILED: Readonly<Record<Verb, string>> = {
  open: 'No session can be opened',
  claim: 'No key can be claimed',
  announce: 'Metadata cannot be changed (announce)',
  save: 'No checkpoint can be saved (save)',
  renew: 'A session cannot be renewed',
  release: 'A key cannot be released',
  close: 'A session cannot be closed',
};

function medianOf(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 10) / 10;
}

const msText = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
