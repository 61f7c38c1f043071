import {
  ClaimLostError,
  encodeRecord,
  Holdings,
  NotAppliedError,
  SessionGoneError,
} from '@tenure/core/store';
import type { ClaimRecord, Granted, Held, Key, Ticket } from '@tenure/core/store';
import { holderOf } from './observing.ts';
import * as scripts from './claim-scripts.ts';
import { unexpected } from './script.ts';
import { checkSize, refuseOtherSlot } from './site.ts';
import type { Site } from './site.ts';

const words = (answer: unknown): (string | null)[] =>
  Array.isArray(answer) ? answer.map((word) => (word === null ? null : String(word))) : [String(answer)];

/** The claims of one session: those on their way, and those that were granted. */
export class Claims {
  readonly holdings: Holdings = new Holdings();
  readonly #site: Site;
  readonly #sessionKey: string;
  readonly #namespace: string;
  /** Those that `holdings` knows. */
  readonly #granted = new Set<string>();
  /** Those that may still reach the server, later than all that is sent now, by a connection that was given up. */
  readonly #late = new Set<string>();

  constructor(site: Site, namespace: string, sessionKey: string) {
    this.#site = site;
    this.#namespace = namespace;
    this.#sessionKey = sessionKey;
  }

  async claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    const { newsroom, layout } = this.#site;
    const { claimId } = proposal;
    refuseOtherSlot(this.#site, this.#namespace, key);
    const value = encodeRecord(proposal);
    checkSize('the record', value);
    layout.lock(key);
    newsroom.listen(key.namespace);
    // Before anything is asked, so that no wake-up falls between the answer and the park.
    const ticket = newsroom.parking.ticket(key, claimId);
    try {
      const answer = await this.#ask(key, claimId, value, signal);
      if (answer[0] === 'held') return held(key, claimId, answer, ticket);
      const granted = this.#answered(key, claimId, answer);
      ticket.leave();
      return granted;
    } catch (error) {
      ticket.leave();
      throw error;
    }
  }

  async #ask(
    key: Key,
    claimId: string,
    value: string,
    signal: AbortSignal,
  ): Promise<readonly (string | null)[]> {
    const { claiming, layout } = this.#site;
    const wasGranted = this.#granted.has(claimId);
    const channel = layout.channel(key.namespace);
    const args = [claimId, value, key.name, channel, wasGranted ? '1' : '0'];
    const keys = [...this.#keysOf(key, claimId), this.#sessionKey];
    const grant = { isNew: false };
    const wrote = (answer: unknown): boolean => (grant.isNew = !wasGranted && words(answer)[0] === 'granted');
    try {
      return words(await claiming.run(scripts.claim, keys, args, signal, wrote));
    } catch (error) {
      if (!(error instanceof NotAppliedError)) this.#late.add(claimId);
      // It holds the key, and not enough replicas know of it. It is asked for again, so it may still be granted.
      if (grant.isNew) await this.#free(key, claimId, { forGood: false }, signal).catch(() => {});
      throw error;
    }
  }

  /** The lock, the names that are held, and where it is written that this claim was given up. */
  #keysOf(key: Key, claimId: string): string[] {
    const { layout } = this.#site;
    return [layout.lock(key), layout.held(key.namespace), `${this.#sessionKey}:${claimId}`];
  }

  #answered(key: Key, claimId: string, answer: readonly (string | null)[]): Granted {
    const [outcome, token, checkpoint] = answer;
    if (outcome === 'gone') throw goneError(this.#sessionKey);
    if (outcome === 'lost') this.holdings.refuseLost(key, claimId);
    if (outcome !== 'granted' || typeof token !== 'string') throw unexpected(scripts.claim, answer);
    this.#granted.add(claimId);
    this.holdings.granted({ key, claimId, token: BigInt(token) });
    return {
      outcome: 'granted',
      key,
      claimId,
      token: BigInt(token),
      checkpoint: checkpoint ?? undefined,
      announced: true,
    };
  }

  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    this.#site.newsroom.parking.leave(claimId);
    await this.#free(key, claimId, { forGood: this.#late.has(claimId) }, signal);
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
    const { layout, claiming, settings } = this.#site;
    const channel = layout.channel(key.namespace);
    const args = [this.#sessionKey, claimId, key.name, settings.retainMs, channel, forGood ? '1' : '0'];
    await claiming.run(scripts.release, this.#keysOf(key, claimId), args, signal);
  }

  async announce({ key, claimId, token }: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    const { layout, claiming } = this.#site;
    const value = encodeRecord({ ...record, claimId });
    checkSize('the record', value);
    const args = [claimId, token, value, key.name, layout.channel(key.namespace)];
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

function held(key: Key, claimId: string, answer: readonly (string | null)[], cursor: Ticket): Held {
  const [, token, value, asked, left] = answer;
  const leftMs = Number(left);
  const holder = holderOf(key.name, String(token), value ?? '', asked === '1');
  // Whole milliseconds, rounded down by the server.
  return {
    outcome: 'held',
    key,
    claimId,
    holder,
    cursor,
    ...(leftMs < 0 ? {} : { retryInMs: leftMs + 1 }),
  };
}

export const goneError = (sessionKey: string): SessionGoneError =>
  new SessionGoneError(`session ${sessionKey} is over`);
