import type { Held, Ticket } from '@tenure/core/store';
import { byNamespace, inParts, KEYS_PER_SCRIPT } from './in-scripts.ts';
import * as scripts from './session-scripts.ts';
import type { Site } from './site.ts';

/** Published to be heard, and no news. */
const PROOF = 'p';
/** What Redis says of a key that is not there. */
const GONE = -2;

/** Where a claim waits. */
export interface Place {
  readonly ticket: Ticket;
  /** The holder's key, and its counter as of the claim; empty when nobody held the lock. */
  readonly session: string;
  readonly counter: string;
}

const placeOf = ({ cursor }: Held): Place => cursor as Place;

interface Sign {
  readonly leftMs: number;
  readonly counter: string;
}

/**
 * Whether those who wait with one session should wait on. A holder that lives, and whose counter has not moved, has given
 * up none of the locks for which somebody waits: so ten thousand of them cost one command. That a person has deleted a
 * lock is told by its holder, within its TTL; and of those who wait, some hundred locks are looked at in their turn.
 */
export class Recheck {
  readonly #site: Site;
  readonly #sessionKey: string;
  readonly #ttlMs: number;
  #turn = 0;

  constructor(site: Site, sessionKey: string, ttlMs: number) {
    this.#site = site;
    this.#sessionKey = sessionKey;
    this.#ttlMs = ttlMs;
  }

  async of(helds: readonly Held[], signal: AbortSignal): Promise<(Held | undefined)[]> {
    const answers = new Map<Held, Held>();
    for (const [namespace, group] of byNamespace(helds)) {
      const hearing = this.#site.newsroom.hearing(this.#sessionKey, namespace, this.#ttlMs);
      // Nobody would wake them.
      if (hearing === 'deaf') continue;
      const heard = hearing === 'silent' ? this.#site.newsroom.heard(signal) : undefined;
      await Promise.all([heard, this.#group(group, heard !== undefined, answers, signal)]);
    }
    return helds.map((held) => answers.get(held));
  }

  async #group(
    group: readonly Held[],
    isSilent: boolean,
    answers: Map<Held, Held>,
    signal: AbortSignal,
  ): Promise<void> {
    const looked = this.#some(group);
    const rest = group.filter((held) => !looked.has(held));
    const sessions = new Set(rest.length > 0 ? group.map((held) => placeOf(held).session) : []);
    sessions.delete('');
    const [first = [], ...more] = inParts([...sessions]);
    const signs = new Map<string, Sign>();
    await this.#ask([...looked], first, isSilent, signs, answers, signal);
    for (const part of more) await this.#ask([], part, false, signs, answers, signal);
    const moved: Held[] = [];
    for (const held of rest) {
      const { session, counter } = placeOf(held);
      const sign = signs.get(session);
      if (sign && sign.leftMs !== GONE && sign.counter === counter)
        answers.set(held, waits(held, sign.leftMs));
      else if (sign && sign.leftMs !== GONE) moved.push(held);
    }
    for (const part of inParts(moved)) await this.#ask(part, [], false, signs, answers, signal);
  }

  /** Each has its turn. */
  #some(group: readonly Held[]): ReadonlySet<Held> {
    const from = this.#turn < group.length ? this.#turn : 0;
    const to = from + KEYS_PER_SCRIPT;
    this.#turn = to < group.length ? to : 0;
    return new Set(group.slice(from, to));
  }

  /** `signs` are of the same moment as what is seen of the locks, or of one before: what moves later shows the next time. */
  async #ask(
    helds: readonly Held[],
    sessions: readonly string[],
    isSilent: boolean,
    signs: Map<string, Sign>,
    answers: Map<Held, Held>,
    signal: AbortSignal,
  ): Promise<void> {
    const { line, layout } = this.#site;
    const keys = [...helds.map(({ key }) => layout.lock(key)), ...sessions];
    const tokens = helds.map(({ holder }) => holder?.token ?? '');
    const args = [isSilent ? PROOF : '', this.#sessionKey, ...tokens];
    const found = await line.list(scripts.waiting, keys, args, signal);
    sessions.forEach((session, i) => {
      const [leftMs, counter] = found.slice(helds.length + 2 * i, helds.length + 2 * i + 2);
      signs.set(session, { leftMs: Number(leftMs), counter: String(counter) });
    });
    helds.forEach((held, i) => {
      const leftMs = Number(found[i]);
      if (leftMs !== GONE) answers.set(held, waits(held, leftMs, signs.get(placeOf(held).session)?.counter));
    });
  }
}

function waits(held: Held, leftMs: number, counter: string = placeOf(held).counter): Held {
  const { outcome, key, claimId, holder } = held;
  const place = placeOf(held);
  const cursor: Place = counter === place.counter ? place : { ...place, counter };
  const base = { outcome, key, claimId, holder, cursor };
  return leftMs < 0 ? base : { ...base, retryInMs: leftMs + 1 };
}
