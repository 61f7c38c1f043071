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
  | Late
  /** As `late`; and the request arrives once more, so long after the first. Nobody waits for what comes of that. */
  | (Omit<Late, 'kind'> & { readonly kind: 'twice'; readonly againMs: number });

interface Late {
  readonly kind: 'late';
  readonly requestMs: number;
  readonly answerMs: number;
}

export interface UnreliableOptions {
  /** Of the machine on which the caller runs; a view of a virtual clock says when that is `frozen`. */
  readonly clock: Clock & { readonly frozen?: boolean };
  /** Asked once for each call. Undefined: nothing goes wrong. */
  readonly fault?: (call: Call) => Fault | undefined;
  /** While true, what the store would say unasked is dropped for good: hints, `gone`, and what wakes a park. */
  readonly deaf?: () => boolean;
  /**
   * By what requests and answers travel, when a stopped machine shall not stop what is on its way: what has arrived waits
   * until the machine's own clock goes on. @default `clock`
   */
  readonly wire?: Clock;
  /** How long what the store says unasked takes: hints, `gone`, wake-ups, what a watch sees. Only with `wire`. @default 0 */
  readonly noticeMs?: () => number;
}

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
      for await (const holder of store.watch(key, signal)) {
        await line.notice(signal);
        yield holder;
      }
    },
    list: (prefix, signal) => line.call({ verb: 'list', key: prefix }, signal, (s) => store.list(prefix, s)),
    evict: (key, token, how, signal) =>
      line.call({ verb: 'evict', key }, signal, (s) => store.evict(key, token, how, s)),
    endSession: (key, token, signal) =>
      line.call({ verb: 'endSession', key }, signal, (s) => store.endSession(key, token, s)),
    close: () => line.call({ verb: 'close' }, line.never, () => store.close()),
  };
}

function overNetwork(session: StoreSession, line: Network): StoreSession {
  const sessionId = session.id;
  const gone = new AbortController();
  const hear = (): void => {
    if (!line.deaf) line.tell(() => gone.abort(session.gone.reason));
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
      await line.notice(signal);
    },
    ...(session.recheck && {
      recheck: (helds, signal) =>
        line.call({ verb: 'recheck', sessionId }, signal, (s) => session.recheck!(helds, s)),
    }),
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
        if (!line.deaf) line.tell(hint);
      }),
  };
}

class Network {
  /** Aborts for nobody. One for each network: what waits for ever would keep everything in memory by a shared one. */
  readonly never: AbortSignal = new AbortController().signal;
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
        await ask(this.never).catch(() => {});
        throw new StoreUnavailableError(`the answer to ${call.verb} was lost`);
      case 'hung':
        if (fault.applied) ask(this.never).catch(() => {});
        return this.silence(signal);
      case 'late':
        return abortable(this.#late(fault, ask), signal);
      case 'twice':
        void this.#pass(fault.requestMs + fault.againMs).then(() => ask(this.never).catch(() => {}));
        return abortable(this.#late({ ...fault, kind: 'late' }, ask), signal);
    }
  }

  /** Resolves when the machine hears what the store says unasked. Rejects with the signal's reason. */
  async notice(signal: AbortSignal): Promise<void> {
    const { wire, noticeMs } = this.#options;
    if (!wire) return;
    await abortable(
      this.#pass(noticeMs?.() ?? 0).then(() => this.#arrived()),
      signal,
    );
  }

  /** The same for what nobody waits for. */
  tell(say: () => void): void {
    if (this.#options.wire) void this.notice(this.never).then(say);
    else say();
  }

  silence(signal: AbortSignal): Promise<never> {
    return abortable(new Promise<never>(() => {}), signal);
  }

  async #late<T>({ requestMs, answerMs }: Late, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    await this.#pass(requestMs);
    try {
      return await ask(this.never);
    } finally {
      await this.#pass(answerMs);
      await this.#arrived();
    }
  }

  #pass(ms: number): Promise<void> {
    const { clock, wire = clock } = this.#options;
    return new Promise((resolve) => {
      wire.alarm(later(wire.now(), ms), resolve);
    });
  }

  /** The machine takes it in when it runs. */
  async #arrived(): Promise<void> {
    const { clock } = this.#options;
    if (!clock.frozen) return;
    await new Promise<void>((resolve) => {
      clock.alarm(clock.now(), resolve);
    });
  }
}
