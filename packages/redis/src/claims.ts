import { ClaimLostError, encodeRecord, Holdings, SessionGoneError } from '@tenure/core/store';
import type { ClaimRecord, Granted, Held, Key, Ticket } from '@tenure/core/store';
import { holderOf } from './observing.ts';
import * as scripts from './claim-scripts.ts';
import { checkSize, refuseOtherSlot, replicated, unexpected } from './site.ts';
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

  constructor(site: Site, namespace: string, sessionKey: string) {
    this.#site = site;
    this.#namespace = namespace;
    this.#sessionKey = sessionKey;
  }

  async claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    const { newsroom, layout, line } = this.#site;
    const { claimId } = proposal;
    refuseOtherSlot(this.#site, this.#namespace, key);
    const value = encodeRecord(proposal);
    checkSize('the record', value);
    const lock = layout.lock(key);
    await newsroom.listening(key.namespace, signal);
    // Before anything is asked, so that no wake-up falls between the answer and the park.
    const ticket = newsroom.parking.ticket(key, claimId);
    try {
      const keys = [this.#sessionKey, lock, layout.held(key.namespace)];
      const wasGranted = this.#granted.has(claimId) ? '1' : '0';
      const args = [claimId, value, key.name, layout.channel(key.namespace), wasGranted];
      const answer = words(await line.run(scripts.claim, keys, args, signal));
      if (answer[0] === 'held') return held(key, claimId, answer, ticket);
      const granted = this.#answered(key, claimId, answer);
      await this.#replicated(granted, signal);
      ticket.leave();
      return granted;
    } catch (error) {
      ticket.leave();
      throw error;
    }
  }

  #answered(key: Key, claimId: string, answer: readonly (string | null)[]): Granted {
    const [outcome, token, checkpoint] = answer;
    if (outcome === 'gone') throw goneError(this.#sessionKey);
    if (outcome === 'lost') this.holdings.refuseLost(key, claimId);
    if (outcome !== 'granted' || typeof token !== 'string') throw unexpected(scripts.claim, answer);
    return {
      outcome: 'granted',
      key,
      claimId,
      token: BigInt(token),
      checkpoint: checkpoint ?? undefined,
      announced: true,
    };
  }

  /** A grant counts when enough replicas have it; otherwise it is given back, if it can be. */
  async #replicated(granted: Granted, signal: AbortSignal): Promise<void> {
    const { key, claimId, token } = granted;
    try {
      await replicated(this.#site, signal);
    } catch (error) {
      await this.release(key, claimId, signal).catch(() => {});
      throw error;
    }
    this.#granted.add(claimId);
    this.holdings.granted({ key, claimId, token });
  }

  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    const { newsroom, layout, line, settings } = this.#site;
    newsroom.parking.leave(claimId);
    const keys = [layout.lock(key), layout.held(key.namespace)];
    const channel = layout.channel(key.namespace);
    const args = [this.#sessionKey, claimId, key.name, settings.retainMs, channel];
    await line.run(scripts.release, keys, args, signal);
    this.#granted.delete(claimId);
    this.holdings.released(claimId);
  }

  async announce({ key, claimId, token }: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    const { layout, line } = this.#site;
    const value = encodeRecord({ ...record, claimId });
    checkSize('the record', value);
    const args = [claimId, token, value, key.name, layout.channel(key.namespace)];
    const keys = [this.#sessionKey, layout.lock(key)];
    this.#demand(key, claimId, await line.run(scripts.announce, keys, args, signal));
  }

  async save(
    { key, claimId, token }: Granted,
    text: string,
    sequence: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { layout, line } = this.#site;
    checkSize('the checkpoint', text);
    const keys = [this.#sessionKey, layout.lock(key)];
    this.#demand(key, claimId, await line.run(scripts.save, keys, [claimId, token, text, sequence], signal));
    await replicated(this.#site, signal);
  }

  /** @throws SessionGoneError, ClaimLostError */
  #demand(key: Key, claimId: string, answer: unknown): void {
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
