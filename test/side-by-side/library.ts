/** What each library is driven through: the same five things, whatever it calls them. */

export interface Access {
  /** Of the store, perhaps by way of a proxy. */
  readonly url: string;
  /** For libraries that have such a thing; keys are unique without it. */
  readonly namespace: string;
  /** This process's name, where the library wants one. */
  readonly id: string;
  readonly ttlMs: number;
}

export interface Holding {
  /** Where the library gives one. */
  readonly token?: bigint;
  /** What the library's documents tell a program to ask before it goes on. */
  readonly stillOurs: () => boolean;
  /** Resolves when the library says, unasked, that the lock is lost; left out where it never does. */
  readonly lost?: Promise<unknown>;
  readonly release: () => Promise<void>;
}

export interface Library {
  /** Waits for its turn. May reject: then it is called again. */
  readonly acquire: (key: string) => Promise<Holding>;
  readonly close: () => Promise<void>;
}

export type OpenLibrary = (access: Access) => Promise<Library>;

/** How often the ones that can only ask for a lock again do so. */
export const POLL_MS = 100;

/** What renews by a timer of its user's, or lets its period be set, gets the period that Tenure has. */
export const renewalMs = (ttlMs: number): number => Math.round(ttlMs / 3);

/** No answer for so long is a failure, where a client can be told so. */
export const timeoutMs = (ttlMs: number): number => Math.round(ttlMs / 6);

/** A promise and what settles it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
