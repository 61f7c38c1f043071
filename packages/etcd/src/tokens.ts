import type { Etcd3 } from 'etcd3';
import { unlessAborted } from './abort.ts';
import type { Connection } from './connection.ts';
import { isAuthOff } from './errors.ts';
import { authenticate } from './rpc.ts';

/** What a user is known by once the password has been checked, which is slow on purpose: shared by all calls. */
export interface Tokens {
  get(connection: Connection, signal: AbortSignal): Promise<string | undefined>;
  /** The server did not take that one. */
  drop(token: string | undefined, signal: AbortSignal): Promise<void>;
}

export const noTokens: Tokens = {
  get: () => Promise.resolve(undefined),
  drop: () => Promise.resolve(),
};

/** A client that the user made has a token of its own, and renews it when a call by its own means meets a stale one. */
export const tokensOf = (client: Etcd3): Tokens => ({
  get: () => Promise.resolve(undefined),
  drop: (_, signal) =>
    unlessAborted(
      signal,
      client.kv.range({ key: Buffer.from([0]), count_only: true }).then(
        () => {},
        () => {},
      ),
    ),
});

interface Asking {
  readonly answer: Promise<string | undefined>;
  readonly end: AbortController;
  askers: number;
}

export class UserTokens implements Tokens {
  readonly #user: { readonly name: string; readonly password: string };
  #asking: Asking | undefined;
  #token: { readonly value: string | undefined } | undefined;

  constructor({ username, password }: { readonly username: string; readonly password: string }) {
    this.#user = { name: username, password };
  }

  async get(connection: Connection, signal: AbortSignal): Promise<string | undefined> {
    if (this.#token) return this.#token.value;
    const asking = (this.#asking ??= this.#ask(connection));
    asking.askers += 1;
    try {
      return await unlessAborted(signal, asking.answer);
    } finally {
      asking.askers -= 1;
      // Nobody waits for it any more, because it takes too long: the next one asks anew.
      if (asking.askers === 0) {
        asking.end.abort();
        if (this.#asking === asking) this.#asking = undefined;
      }
    }
  }

  drop(token: string | undefined): Promise<void> {
    if (this.#token?.value === token) this.#token = undefined;
    return Promise.resolve();
  }

  #ask(connection: Connection): Asking {
    const end = new AbortController();
    const answer = connection.unary(authenticate, this.#user, undefined, end.signal).then(
      ({ token }) => {
        this.#token = { value: token };
        return token;
      },
      (error: unknown) => {
        if (!isAuthOff(error)) throw error;
        this.#token = { value: undefined };
        return undefined;
      },
    );
    answer.catch(() => {});
    return { answer, end, askers: 0 };
  }
}
