import { abortable, later, NotAppliedError, StoreUnavailableError } from '@tenure/core/store';
import type { Clock, Granted, Held, Key, Store, StoreSession } from '@tenure/core/store';

export type Verb =
  | Exclude<keyof StoreSession, 'id' | 'ttlMs' | 'adopted' | 'gone' | 'taken'>
  | Exclude<keyof Store, 'name' | 'traits' | 'namespace'>;

/** What is about to be asked. */
export interface Call {
  readonly verb: Verb;
  readonly sessionId?: string;
  readonly key?: Key;
  readonly claimId?: string;
}

export type Fault =
  /** Rejects; the store never hears of it. */
  | { readonly kind: 'lost' }
  /** Rejects, and says that it certainly was not applied. */
  | { readonly kind: 'refused' }
  /** The store does it; the caller is told that the connection broke. */
  | { readonly kind: 'unanswered' }
  /** Nothing comes back until the signal aborts. `applied`: the store does it all the same. */
  | { readonly kind: 'hung'; readonly applied: boolean }
  /** Takes so long to the store and back. What is on its way arrives, also when the caller has given up. */
  | { readonly kind: 'late'; readonly requestMs: number; readonly answerMs: number };

export interface UnreliableOptions {
  /** Of the machine on which the caller runs. */
  readonly clock: Clock;
  /** Asked once for each call. Undefined: nothing goes wrong. */
  readonly fault?: (call: Call) => Fault | undefined;
  /** While true, what the store would say unasked is dropped for good: hints, `gone`, and what wakes a park. */
  readonly deaf?: () => boolean;
}

const never = new AbortController().signal;

/** The same store behind a network that fails as the test says. */
export function unreliable(store: Store, options: UnreliableOptions): Store {
  const line = new Network(options);
  return {
    name: store.name,
    traits: store.traits,
    open: async (request, signal) => {
      const session = await line.call({ verb: 'open' }, signal, (s) => store.open(request, s));
      return overNetwork(session, line);
    },
    holder: (key, signal) => line.call({ verb: 'holder', key }, signal, (s) => store.holder(key, s)),
    async *watch(key, signal) {
      await line.call({ verb: 'watch', key }, signal, async () => {});
      yield* store.watch(key, signal);
    },
    list: (prefix, signal) => line.call({ verb: 'list', key: prefix }, signal, (s) => store.list(prefix, s)),
    evict: (key, token, how, signal) =>
      line.call({ verb: 'evict', key }, signal, (s) => store.evict(key, token, how, s)),
    endSession: (key, token, signal) =>
      line.call({ verb: 'endSession', key }, signal, (s) => store.endSession(key, token, s)),
    close: () => line.call({ verb: 'close' }, never, () => store.close()),
  };
}

function overNetwork(session: StoreSession, line: Network): StoreSession {
  const sessionId = session.id;
  const gone = new AbortController();
  const hear = (): void => {
    if (!line.deaf) gone.abort(session.gone.reason);
  };
  if (session.gone.aborted) hear();
  else session.gone.addEventListener('abort', hear, { once: true });
  const about = (verb: Verb, { key, claimId }: Granted | Held): Call => ({ verb, sessionId, key, claimId });
  return {
    id: sessionId,
    ttlMs: session.ttlMs,
    adopted: session.adopted,
    gone: gone.signal,
    renew: (signal) => line.call({ verb: 'renew', sessionId }, signal, (s) => session.renew(s)),
    claim: (key, proposal, signal) =>
      line.call({ verb: 'claim', sessionId, key, claimId: proposal.claimId }, signal, (s) =>
        session.claim(key, proposal, s),
      ),
    // The store must hear the abort of a park, or it would wait for ever.
    park: async (held, signal) => {
      await line.call(about('park', held), signal, async () => {});
      await session.park(held, signal);
      if (line.deaf) await line.silence(signal);
    },
    release: (key, claimId, signal) =>
      line.call({ verb: 'release', sessionId, key, claimId }, signal, (s) =>
        session.release(key, claimId, s),
      ),
    announce: (granted, record, signal) =>
      line.call(about('announce', granted), signal, (s) => session.announce(granted, record, s)),
    save: (granted, value, sequence, signal) =>
      line.call(about('save', granted), signal, (s) => session.save(granted, value, sequence, s)),
    close: (signal) => line.call({ verb: 'close', sessionId }, signal, (s) => session.close(s)),
    taken: (hint) =>
      session.taken(() => {
        if (!line.deaf) hint();
      }),
  };
}

class Network {
  readonly #options: UnreliableOptions;

  constructor(options: UnreliableOptions) {
    this.#options = options;
  }

  get deaf(): boolean {
    return this.#options.deaf?.() ?? false;
  }

  async call<T>(call: Call, signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const fault = this.#options.fault?.(call);
    switch (fault?.kind) {
      case undefined:
        return ask(signal);
      case 'lost':
        throw new StoreUnavailableError(`${call.verb} was lost on its way`);
      case 'refused':
        throw new NotAppliedError(`${call.verb} was refused: the store is busy`);
      case 'unanswered':
        await ask(never).catch(() => {});
        throw new StoreUnavailableError(`the answer to ${call.verb} was lost`);
      case 'hung':
        if (fault.applied) ask(never).catch(() => {});
        return this.silence(signal);
      case 'late':
        return abortable(this.#late(fault, ask), signal);
    }
  }

  silence(signal: AbortSignal): Promise<never> {
    return abortable(new Promise<never>(() => {}), signal);
  }

  async #late<T>(
    { requestMs, answerMs }: Fault & { kind: 'late' },
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    await this.#pass(requestMs);
    try {
      return await ask(never);
    } finally {
      await this.#pass(answerMs);
    }
  }

  #pass(ms: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      clock.alarm(later(clock.now(), ms), resolve);
    });
  }
}
