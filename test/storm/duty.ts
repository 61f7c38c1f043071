import { setTimeout as pause } from 'node:timers/promises';
import type { Address } from '@tenure/conformance/network';
import { TermLostError } from '@tenure/core';
import type { Term } from '@tenure/core';
import type { Unstamped } from '../failover/protocol.ts';
import type { ResourceAnswer, ResourceCall } from './request.ts';
import { ResourceClient } from './resource-client.ts';

const ROUND_EVERY_MS = 120;
const SAVE_EVERY_MS = 500;

const now = (): bigint => process.hrtime.bigint();

/**
 * What a leader of a worker does: asks its term, as a careful user does, and then works on a resource that looks at
 * tokens, on one that does not, and on its checkpoint.
 */
export class Duty {
  readonly #candidate: string;
  readonly #client: ResourceClient;
  readonly #tell: (report: Unstamped, at?: bigint) => void;
  #count = 0;

  constructor(
    candidate: string,
    address: Address,
    ttlMs: number,
    tell: (report: Unstamped, at?: bigint) => void,
  ) {
    this.#candidate = candidate;
    // Longer than a term can outlive its last renewal: a write that is this late must do no harm.
    this.#client = new ResourceClient(address, 2 * ttlMs);
    this.#tell = tell;
  }

  async begin(term: Term): Promise<void> {
    const checkpoint = term.checkpoint === undefined ? undefined : JSON.stringify(term.checkpoint);
    this.#tell({ what: 'found', key: term.key, token: term.token, checkpoint });
    await Promise.all([this.#work(term), this.#workUnfenced(term), this.#save(term)]);
  }

  close(): void {
    this.#client.close();
  }

  /** On what looks at tokens. */
  async #work(term: Term): Promise<void> {
    while (term.isCurrent()) {
      const value = (this.#count += 1);
      await this.#ask(term, 'fenced register', { kind: 'write', value: unique(term, value) });
      await this.#ask(term, 'fenced register', { kind: 'read' });
      await this.#ask(term, 'fenced set', { kind: 'add', element: `${this.#candidate}/${value}` });
      await pause(ROUND_EVERY_MS);
    }
  }

  /** On what does not: it looks, thinks, and puts in place of what it saw. */
  async #workUnfenced(term: Term): Promise<void> {
    while (term.isCurrent()) {
      const seen = await this.#ask(term, 'unfenced set', { kind: 'look' });
      await pause(ROUND_EVERY_MS);
      if (seen?.value === undefined) continue;
      const element = `${this.#candidate}/${(this.#count += 1)}`;
      await this.#ask(term, 'unfenced set', { kind: 'put', seen: seen.value, element });
    }
  }

  async #ask(term: Term, resource: string, call: ResourceCall): Promise<ResourceAnswer | undefined> {
    const calledAt = now();
    if (!term.isCurrent()) return undefined;
    const { key, token } = term;
    this.#count += 1;
    const id = `${this.#candidate}#${this.#count}`;
    const answer = await this.#client.ask({
      id,
      resource: `${resource} of ${key}`,
      key,
      candidate: this.#candidate,
      token: String(token),
      calledAt: String(calledAt),
      call,
    });
    if (answer) this.#tell({ what: 'operated', id, outcome: answer.outcome, value: answer.value });
    return answer;
  }

  /** Checkpoints say whose they are, so that the one that a successor finds can be judged. */
  async #save(term: Term): Promise<void> {
    const { key, token } = term;
    for (let count = 1; term.isCurrent(); count += 1) {
      const value = [String(token), count];
      const checkpoint = JSON.stringify(value);
      const calledAt = now();
      const outcome = await term.save(value).then(
        () => 'ok' as const,
        (error: unknown) => {
          if (error instanceof TermLostError) return 'unknown' as const;
          throw error; // it is told as a scandal
        },
      );
      this.#tell({ what: 'saved', key, token, calledAt, checkpoint, outcome });
      await pause(SAVE_EVERY_MS);
    }
  }
}

/** Never the same value twice, so that a read tells which write it saw. */
const unique = (term: Term, count: number): number =>
  Number(term.token % 1_000_000_007n) * 100_000 + (count % 100_000);
