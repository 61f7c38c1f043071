import type { Operation } from '@tenure/conformance/history';

/** How clients play with a fenced register or set, each one call after another, in virtual time. */
export interface Play {
  readonly chance: () => number;
  readonly clients: number;
  readonly count: number;
  readonly isSet: boolean;
  /** So many calls get no answer. Half of those take effect all the same, perhaps long after. */
  readonly lossy: number;
  readonly lateMs: number;
}

interface Call {
  readonly operation: Operation;
  /** When it reaches the resource; Infinity when it never does. */
  readonly effectAt: number;
}

/** The history as the clients tell it: the resource does one thing at a time. */
export function played(play: Play): Operation[] {
  const resource = new Resource();
  return callsOf(play)
    .toSorted((a, b) => a.effectAt - b.effectAt)
    .map(({ operation, effectAt }) => (effectAt === Infinity ? operation : resource.answer(operation)))
    .toSorted((a, b) => a.calledAt - b.calledAt);
}

class Resource {
  #greatest = 0n;
  #value: number | undefined;
  readonly #elements: string[] = [];

  answer(operation: Operation): Operation {
    const { call, token, outcome, resource } = operation;
    if (token < this.#greatest)
      return outcome === 'unknown' ? operation : { ...operation, outcome: 'refused' };
    this.#greatest = token;
    if (call.kind === 'write') this.#value = call.value;
    if (call.kind === 'add') this.#elements.push(call.element);
    if (outcome === 'unknown' || call.kind !== 'read') return operation;
    const value = resource === 'fenced set' ? [...this.#elements] : this.#value;
    return { ...operation, ...(value !== undefined && { value }) };
  }
}

function callsOf({ chance, clients, count, isSet, lossy, lateMs }: Play): Call[] {
  const free = Array.from({ length: clients }, () => chance() * 10);
  const tokens = free.map((_, client) => BigInt(client + 1));
  let token = BigInt(clients);
  return Array.from({ length: count }, (_, index) => {
    const client = free.indexOf(Math.min(...free));
    if (chance() < 0.05) tokens[client] = token += 1n;
    const calledAt = free[client]!;
    const reachedMs = chance() * 5;
    const returnedAt = calledAt + reachedMs + chance() * 5;
    const isLost = chance() < lossy;
    free[client] = returnedAt + chance() * 5 * clients;
    const reads = chance() < 0.5;
    const call = reads
      ? ({ kind: 'read' } as const)
      : isSet
        ? ({ kind: 'add', element: `e${index}` } as const)
        : ({ kind: 'write', value: index + 1 } as const);
    return {
      effectAt: isLost ? (chance() < 0.5 ? Infinity : calledAt + chance() * lateMs) : calledAt + reachedMs,
      operation: {
        what: 'operation',
        resource: isSet ? 'fenced set' : 'fenced register',
        key: 'job',
        candidate: `c${client}`,
        token: tokens[client]!,
        calledAt,
        returnedAt: isLost ? Infinity : returnedAt,
        call,
        outcome: isLost ? 'unknown' : 'ok',
      },
    };
  });
}
