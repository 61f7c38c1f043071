import { randomBytes } from 'node:crypto';
import { unreliable } from '@tenure/conformance/network';
import { createTenure } from '@tenure/core';
import type { Tenure, TenureOptions } from '@tenure/core';
import { systemClock } from '@tenure/core/store';
import { until } from '../servers/until.ts';
import type { Service } from './stores.ts';

type Options = Omit<Partial<TenureOptions>, 'store' | 'clock'>;

/** A process as the store sees it, until it dies: then nothing more comes from it, and nothing reaches it. */
export interface Mortal {
  readonly tenure: Tenure;
  readonly die: () => void;
}

/** Where one test takes place: a namespace that no other test uses. */
export class Place {
  readonly namespace: string = `seeds-${randomBytes(4).toString('hex')}`;
  readonly service: Service;
  readonly shortTtlMs: number;
  readonly #tenures: Tenure[] = [];
  #closing = false;

  constructor(service: Service, shortTtlMs: number) {
    this.service = service;
    this.shortTtlMs = shortTtlMs;
  }

  /** Long enough to outlive a slow machine, short enough to see it renewed. */
  get renewedTtlMs(): number {
    return 4000;
  }

  /** With a connection and a session of its own, as another process would have. */
  client(options: Options = {}): Tenure {
    return this.#keep(createTenure({ store: this.service.open(), namespace: this.namespace, ...options }));
  }

  clients(count: number): Tenure[] {
    return Array.from({ length: count }, () => this.client());
  }

  mortal(options: Options = {}): Mortal {
    let dead = false;
    const store = unreliable(this.service.open(), {
      clock: systemClock,
      deaf: () => dead,
      // When the test is over, what is left of it in this process is tidied away.
      fault: () => (dead && !this.#closing ? { kind: 'hung', applied: false } : undefined),
    });
    const ttlMs = this.shortTtlMs;
    const tenure = this.#keep(createTenure({ store, namespace: this.namespace, ttlMs, ...options }));
    const die = (): void => {
      dead = true;
    };
    return { tenure, die };
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#tenures.map((tenure) => tenure.close()));
  }

  #keep(tenure: Tenure): Tenure {
    this.#tenures.push(tenure);
    return tenure;
  }
}

export interface Case {
  readonly title: string;
  readonly play: (place: Place) => Promise<void>;
}

/** Resolves when it is so: for what can only be looked at. */
export async function becomes(what: string, isSo: () => boolean): Promise<void> {
  await until(what, async () => isSo() || undefined, { everyMs: 5 });
}

/** Resolves when the session has been renewed so often; four renewals take longer than its TTL. */
export function renewals(tenure: Tenure, count: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const onRenewed = (): void => {
      seen += 1;
      if (seen < count) return;
      tenure.session.off('renewed', onRenewed);
      resolve();
    };
    tenure.session.on('renewed', onRenewed);
  });
}
