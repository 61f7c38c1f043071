import type { Chance } from '../chance.ts';
import type { Clock } from '../clock.ts';
import type { EndReason } from '../ending.ts';
import type { ListenerFailure } from '../runtime/emitter.ts';
import type { ClaimNews, Store } from '../store.ts';
import type { Timing } from '../timing.ts';
import type { Turn } from '../runtime/turn.ts';

/** What happens to this process's liveness in the store. */
export interface SessionEvents {
  /** A session was made. `ttlMs` as granted. */
  opened: (session: { readonly id: string; readonly ttlMs: number }) => void;
  renewed: (session: { readonly id: string; readonly remainingMs: number }) => void;
  /** The last renewal failed: no new work should start. Not a loss yet. */
  jeopardy: (error: unknown) => void;
  /** A renewal was answered again. */
  secure: () => void;
  /** The session is over: the store said so, or its deadline passed. Every term it carried is lost, for this reason. */
  invalidated: (session: { readonly id: string; readonly reason: EndReason }) => void;
  closed: () => void;
}

/** Who lives on the session: a candidate. Called inside a turn; must only queue. */
export interface SessionUser {
  usable(): void;
  unusable(gone: boolean, reason: EndReason): void;
  news(news: ClaimNews): void;
  jeopardy(error: unknown): void;
  secure(): void;
  /** Trouble that is being retried. */
  trouble(error: unknown): void;
}

export interface SessionOptions {
  readonly store: Store;
  readonly timing: Timing;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly turn: Turn;
  /** Shown to people who look into the store. */
  readonly name: string;
  readonly namespace: string;
  readonly failed: ListenerFailure;
}
