import { nameOf } from '../key-name.ts';
import type { Key } from '../store.ts';

/** A claim's place to wait. It is taken before the claim is sent, so that no wake-up falls between answer and park. */
export class Ticket {
  readonly key: Key;
  readonly #leave: () => void;
  readonly #parked = new Set<() => void>();
  #woken = false;

  constructor(key: Key, leave: () => void) {
    this.key = key;
    this.#leave = leave;
  }

  /** Resolves at the first wake-up since the ticket was taken; rejects with the signal's reason. Gives the ticket back either way. */
  async wait(signal: AbortSignal): Promise<void> {
    try {
      signal.throwIfAborted();
      if (this.#woken) return;
      await new Promise<void>((resolve, reject) => {
        const settle = (end: () => void) => (): void => {
          this.#parked.delete(wake);
          signal.removeEventListener('abort', abort);
          end();
        };
        const wake = settle(resolve);
        const abort = settle(() => reject(signal.reason as Error));
        this.#parked.add(wake);
        signal.addEventListener('abort', abort, { once: true });
      });
    } finally {
      this.leave();
    }
  }

  wake(): void {
    this.#woken = true;
    for (const wake of this.#parked) wake();
  }

  /** Whoever waits with it is woken: nobody else would do it. */
  leave(): void {
    this.wake();
    this.#leave();
  }
}

/** The claims of one store that wait for their keys, and who wakes them. */
export class Parking {
  readonly #tickets = new Map<string, Set<Ticket>>();
  readonly #byClaim = new Map<string, Ticket>();

  /** A repeated claim gets a new ticket; the old one is void. */
  ticket(key: Key, claimId: string): Ticket {
    this.leave(claimId);
    const name = nameOf(key);
    const ticket = new Ticket(key, () => {
      if (this.#byClaim.get(claimId) === ticket) this.#byClaim.delete(claimId);
      const tickets = this.#tickets.get(name);
      tickets?.delete(ticket);
      if (tickets?.size === 0) this.#tickets.delete(name);
    });
    this.#tickets.set(name, (this.#tickets.get(name) ?? new Set()).add(ticket));
    this.#byClaim.set(claimId, ticket);
    return ticket;
  }

  /** The claim is released or was granted: it does not wait any more. */
  leave(claimId: string): void {
    this.#byClaim.get(claimId)?.leave();
  }

  wake(key: Key): void {
    for (const ticket of this.#tickets.get(nameOf(key)) ?? []) ticket.wake();
  }

  /** Nobody listened for a while, so anything may have happened. */
  wakeAll(): void {
    for (const ticket of this.#byClaim.values()) ticket.wake();
  }

  /** What is waited for, each key once. */
  get keys(): readonly Key[] {
    return [...this.#tickets.values()].flatMap(([first]) => (first ? [first.key] : []));
  }
}
