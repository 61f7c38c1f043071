import { systemClock } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import type { Bench } from './bench.ts';
import type { RequestHint } from './options.ts';
import type { Proxy } from './proxy.ts';
import { unreliable } from './unreliable.ts';
import type { Fault } from './unreliable.ts';

/** How an answer is lost: the connection breaks, or nothing comes until the caller gives up. */
export type Loss = 'breaks' | 'hangs';

/** A store whose next answer can be lost, after the server has done what it was asked. */
export interface Lossy {
  readonly store: Store;
  /** Returns once the server has done it and the caller knows nothing. The call may not have rejected: some drivers repeat. */
  unanswered(hint: RequestHint, ask: (signal: AbortSignal) => Promise<unknown>): Promise<void>;
}

export async function lossy(bench: Bench, loss: Loss): Promise<Lossy> {
  return bench.options.target ? overProxy(bench, await bench.proxy(), loss) : wrapped(bench, loss);
}

async function overProxy(bench: Bench, proxy: Proxy, loss: Loss): Promise<Lossy> {
  const store = await bench.store(proxy);
  // What is cut later should be the request, not a handshake.
  await store.holder(bench.key('warm-up'), bench.signal);
  return {
    store,
    unanswered: async (hint, ask) => {
      const matching = bench.options.pattern?.(hint);
      const fired = proxy.cutAnswer({
        hang: loss === 'hangs',
        ...(matching === undefined ? {} : { matching }),
      });
      await givenUp(bench, ask, () => bench.soon(fired, `the request to ${hint.verb}`), loss);
      proxy.reset();
    },
  };
}

async function wrapped(bench: Bench, loss: Loss): Promise<Lossy> {
  let next: Fault | undefined;
  let reached: (() => void) | undefined;
  const store = unreliable(await bench.store(), {
    clock: systemClock,
    fault: () => {
      const fault = next;
      next = undefined;
      if (fault) reached?.();
      return fault;
    },
  });
  return {
    store,
    unanswered: async (hint, ask) => {
      const fired = new Promise<void>((resolve) => {
        reached = resolve;
      });
      next = loss === 'hangs' ? { kind: 'hung', applied: true } : { kind: 'unanswered' };
      await givenUp(bench, ask, () => bench.soon(fired, `the request to ${hint.verb}`), loss);
    },
  };
}

/** As the core does: waits for the failure for a while, then aborts. */
async function givenUp(
  bench: Bench,
  ask: (signal: AbortSignal) => Promise<unknown>,
  done: () => Promise<void>,
  loss: Loss,
): Promise<void> {
  const leave = new AbortController();
  const asked = ask(AbortSignal.any([bench.signal, leave.signal])).then(
    () => {},
    () => {},
  );
  await done();
  if (loss === 'breaks') await bench.within(asked, 1000, 'a failure').catch(() => {});
  leave.abort(new Error('no answer came'));
  await bench.soon(asked, 'the end of a call whose signal aborted');
}
