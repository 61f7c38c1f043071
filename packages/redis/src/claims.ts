import {
  ClaimLostError,
  encodeRecord,
  Holdings,
  NotAppliedError,
  Parking,
  SessionGoneError,
} from '@tenure/core/store';
import type { ClaimRecord, Granted, Held, Key, Ticket } from '@tenure/core/store';
import { holderOf } from './observing.ts';
import * as scripts from './claim-scripts.ts';
import { unexpected } from './script.ts';
import type { Place } from './recheck.ts';
import { checkSize, refuseOtherSlot } from './site.ts';
import type { Site } from './site.ts';

type Answer = readonly (string | null)[];

const words = (answer: unknown): Answer =>
  Array.isArray(answer) ? answer.map((word) => (word === null ? null : String(word))) : [String(answer)];

/** The claims of one session: those on their way, those that wait, and those that were granted. */
export class Claims {
  readonly holdings: Holdings = new Holdings();
  readonly parking: Parking = new Parking();
  readonly #site: Site;
  readonly #sessionKey: string;
  readonly #namespace: string;
  /** Those that may have a place in a queue. */
  readonly #waiting = new Map<string, Key>();
  /** Those that `holdings` knows. */
  readonly #granted = new Set<string>();
  /** Those that may still reach the server, later than all that is sent now, by a connection that was given up. */
  readonly #late = new Set<string>();

  constructor(site: Site, namespace: string, sessionKey: string) {
    this.#site = site;
    this.#namespace = namespace;
    this.#sessionKey = sessionKey;
  }

  /** Those that may have a place in a queue, and their keys. */
  get waiting(): ReadonlyMap<string, Key> {
    return this.#waiting;
  }

  async claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    const { newsroom } = this.#site;
    const { claimId } = proposal;
    refuseOtherSlot(this.#site, this.#namespace, key);
    const value = encodeRecord(proposal);
    checkSize('the record', value);
    newsroom.listen(this.#sessionKey, key.namespace);
    // Before anything is asked, so that no wake-up falls between the answer and the park.
    const ticket = this.parking.ticket(key, claimId);
    let isWaiting = false;
    try {
      const answer = await this.#ask(key, claimId, value, signal);
      if (answer[0] !== 'held') return this.#answered(key, claimId, answer);
      isWaiting = true;
      this.#waiting.set(claimId, key);
      return held(key, claimId, answer, ticket);
    } finally {
      if (!isWaiting) ticket.leave();
    }
  }

  async #ask(key: Key, claimId: string, value: string, signal: AbortSignal): Promise<Answer> {
    const { claiming, layout, settings } = this.#site;
    const wasGranted = this.#granted.has(claimId);
    const args = [claimId, value, key.name, wasGranted ? '1' : '0'];
    const grant = { isNew: false };
    // Only where replicas are waited for, this is asked.
    const wrote =
      settings.replicas > 0
        ? (answer: unknown): boolean => (grant.isNew = !wasGranted && words(answer)[0] === 'granted')
        : undefined;
    try {
      return words(
        await claiming.run(scripts.claim, [layout.lock(key), this.#sessionKey], args, signal, wrote),
      );
    } catch (error) {
      if (!(error instanceof NotAppliedError)) this.#late.add(claimId);
      // It holds the key, and not enough replicas know of it. It is asked for again, so it may still be granted.
      if (grant.isNew) await this.#free(key, claimId, { forGood: false }, signal).catch(() => {});
      throw error;
    }
  }

  #answered(key: Key, claimId: string, answer: Answer): Granted {
    const [outcome, token, checkpoint] = answer;
    if (outcome === 'gone') throw goneError(this.#sessionKey);
    if (outcome === 'lost') this.holdings.refuseLost(key, claimId);
    if (outcome !== 'granted' || typeof token !== 'string') throw unexpected(scripts.claim, answer);
    this.#waiting.delete(claimId);
    this.#granted.add(claimId);
    const holding = { key, claimId, token: BigInt(token) };
    this.holdings.granted(holding);
    return {
      outcome: 'granted',
      key,
      claimId,
      token: holding.token,
      checkpoint: checkpoint ?? undefined,
      announced: true,
    };
  }

  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    this.parking.leave(claimId);
    await this.#free(key, claimId, { forGood: this.#late.has(claimId) }, signal);
    this.#waiting.delete(claimId);
    this.#granted.delete(claimId);
    this.#late.delete(claimId);
    this.holdings.released(claimId);
  }

  /** `forGood`: it is not granted any more, should it still come. */
  async #free(
    key: Key,
    claimId: string,
    { forGood }: { readonly forGood: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const { layout, claiming, settings, counted } = this.#site;
    const wasGranted = this.#granted.has(claimId) ? '1' : '0';
    const args = [claimId, key.name, settings.retainMs, counted, forGood ? '1' : '0', wasGranted];
    await claiming.run(scripts.release, [layout.lock(key), this.#sessionKey], args, signal);
  }

  async announce({ key, claimId, token }: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    const { layout, claiming } = this.#site;
    const value = encodeRecord({ ...record, claimId });
    checkSize('the record', value);
    const args = [claimId, token, value, key.name, layout.changes(key.namespace)];
    const keys = [layout.lock(key), this.#sessionKey];
    this.#demand(key, claimId, String(await claiming.run(scripts.announce, keys, args, signal)));
  }

  async save(
    { key, claimId, token }: Granted,
    text: string,
    sequence: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { layout, claiming } = this.#site;
    checkSize('the checkpoint', text);
    const keys = [layout.lock(key), this.#sessionKey];
    const args = [claimId, token, text, sequence];
    const answer = await claiming.run(scripts.save, keys, args, signal, (said) => String(said) === 'done');
    this.#demand(key, claimId, String(answer));
  }

  /** @throws SessionGoneError, ClaimLostError */
  #demand(key: Key, claimId: string, answer: string): void {
    if (answer === 'done') return;
    if (answer === 'gone') throw goneError(this.#sessionKey);
    this.holdings.refuseLost(key, claimId);
    throw new ClaimLostError(`claim ${claimId} does not hold "${key.name}"`);
  }
}

/** Nobody holds what is kept for who was woken. */
function held(key: Key, claimId: string, answer: Answer, ticket: Ticket): Held {
  const [, token, value, asked, left, session, counter] = answer;
  const leftMs = Number(left);
  const holder = token ? holderOf(key.name, token, value ?? '', asked === '1') : undefined;
  const cursor: Place = { ticket, session: session ?? '', counter: counter ?? '' };
  // Whole milliseconds, rounded down by the server.
  return leftMs < 0
    ? { outcome: 'held', key, claimId, holder, cursor }
    : { outcome: 'held', key, claimId, holder, cursor, retryInMs: leftMs + 1 };
}

export const goneError = (sessionKey: string): SessionGoneError =>
  new SessionGoneError(`session ${sessionKey} is over`);
