import {
  AccessDeniedError,
  Batches,
  SessionGoneError,
  StoreUnavailableError,
  ValueTooLargeError,
  type BatchItem,
} from '@tenure/core/store';
import type { Connection } from './connection.ts';
import { getAll, type Operation } from './operation.ts';
import { pairOf, type Pair } from './pair.ts';
import type { Answer } from './wire.ts';

/** What a transaction has written and read, by path. */
type Pairs = ReadonlyMap<string, Pair>;

export interface Applied {
  readonly applied: true;
  readonly pairs: Pairs;
}

/** Nothing was applied. `moved`: a check failed or somebody holds the key, so look again. */
export interface Refused {
  readonly applied: false;
  readonly why: 'moved' | 'lock-delay';
}

interface Failed {
  readonly error: Error;
}

/** Operations that are applied together or not at all, beside those of others. */
interface Part extends BatchItem {
  readonly operations: readonly Operation[];
  readonly signal: AbortSignal;
}

interface RawError {
  readonly OpIndex: number;
  readonly What: string;
}

interface RawResult {
  readonly Results: readonly { readonly KV: unknown }[] | null;
  readonly Errors: readonly RawError[] | null;
}

/** Consul takes 64 operations, newer ones 128. */
const MOST_OPERATIONS = 64;
const MOST_BYTES = 256 * 1024;
/** An operation counts as so many bytes at least: as many as may be fill a batch, of however many each part has. */
const LEAST_BYTES = MOST_BYTES / MOST_OPERATIONS;
/** Of which each waits for the disk: what comes meanwhile goes with the next. */
const AT_ONCE = 2;

/** Writes and consistent reads of one store. Those that come together go together. */
export class Transactions {
  readonly #connection: Connection;
  readonly #writes: Batches<Part, Applied | Refused | Failed>;
  readonly #reads: Batches<Part, Pairs>;
  #readings = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    const shape = {
      most: MOST_OPERATIONS,
      mostBytes: MOST_BYTES,
      atOnce: AT_ONCE,
      isRefused: (error: unknown) => error instanceof ValueTooLargeError,
    };
    this.#writes = new Batches({ ...shape, send: (parts, signal) => this.#write(parts, signal) });
    this.#reads = new Batches({ ...shape, send: (parts, signal) => this.#read(parts, signal) });
  }

  /** `path` is what it is about: no two transactions about the same go together. */
  async write(
    path: string,
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<Applied | Refused> {
    const answer = await this.#writes.run(partOf(path, operations, signal), signal);
    if ('error' in answer) throw answer.error;
    return answer;
  }

  /** A lock and what lies beside it, at one instant, as the leader confirms. */
  read(paths: readonly string[], signal: AbortSignal): Promise<Pairs> {
    this.#readings += 1;
    return this.#reads.run(partOf(`${this.#readings}`, paths.map(getAll), signal), signal);
  }

  /**
   * One refused operation rolls back all, and Consul names each that was: the others are sent again without them, those
   * only that somebody still waits for. Every round has fewer.
   */
  async #write(
    parts: readonly Part[],
    signal: AbortSignal,
  ): Promise<readonly (Applied | Refused | Failed)[]> {
    const answers = new Map<Part, Applied | Refused | Failed>();
    let left = parts;
    while (left.length > 0) {
      const answer = await this.#ask(left, {}, signal);
      const { Results, Errors } = bodyOf(answer);
      if (answer.status === 200) {
        const applied: Applied = { applied: true, pairs: pairsOf(Results) };
        for (const part of left) answers.set(part, applied);
        break;
      }
      const reasons = reasonsOf(left, Errors ?? []);
      if (!reasons) throw unexpected('transaction', answer);
      for (const [part, reason] of reasons) answers.set(part, verdictOf(reason, answer));
      left = left.filter((part) => !reasons.has(part) && !part.signal.aborted);
    }
    return parts.map((part) => answers.get(part) ?? { error: new StoreUnavailableError('consul: given up') });
  }

  async #read(parts: readonly Part[], signal: AbortSignal): Promise<readonly Pairs[]> {
    const answer = await this.#ask(parts, { consistent: '1' }, signal);
    if (answer.status !== 200) throw unexpected('read', answer);
    const pairs = pairsOf(bodyOf(answer).Results);
    return parts.map(() => pairs);
  }

  #ask(parts: readonly Part[], query: Record<string, string>, signal: AbortSignal): Promise<Answer> {
    const body = `[${parts.map(({ operations }) => operations.join(',')).join(',')}]`;
    const name = query['consistent'] === undefined ? 'transaction' : 'read';
    return this.#connection.ask('verbs', { name, method: 'PUT', path: '/txn', query, body }, signal);
  }
}

function partOf(lane: string, operations: readonly Operation[], signal: AbortSignal): Part {
  let length = 0;
  for (const operation of operations) length += operation.length;
  return { lane, operations, signal, bytes: Math.max(length, operations.length * LEAST_BYTES) };
}

const bodyOf = ({ body }: Answer): Partial<RawResult> =>
  typeof body === 'object' && body !== null ? body : {};

/** What is there several times is so as it was left in the end. */
function pairsOf(results: RawResult['Results'] | undefined): Pairs {
  const pairs = new Map<string, Pair>();
  for (const { KV } of results ?? []) {
    const pair = pairOf(KV);
    pairs.set(pair.path, pair);
  }
  return pairs;
}

const unexpected = (name: string, { status, body }: Answer): Error =>
  new StoreUnavailableError(`consul: ${name} refused: ${status} ${JSON.stringify(body)}`);

/** Undefined if there is none, or one that is nobody's. */
function reasonsOf(
  parts: readonly Part[],
  errors: readonly RawError[],
): ReadonlyMap<Part, string> | undefined {
  const owners = parts.flatMap((part) => part.operations.map(() => part));
  const reasons = new Map<Part, string>();
  for (const { OpIndex, What } of errors) {
    const owner = owners[OpIndex];
    if (!owner) return undefined;
    const others = reasons.get(owner);
    reasons.set(owner, others === undefined ? What : `${others}; ${What}`);
  }
  return reasons.size > 0 ? reasons : undefined;
}

function verdictOf(what: string, answer: Answer): Refused | Failed {
  // Keys are quoted there, and may say anything.
  const reason = what.replaceAll(/"(?:[^"\\]|\\.)*"/gu, '');
  if (/permission denied|ACL not found/iu.test(reason))
    return { error: new AccessDeniedError(`consul: ${what}`) };
  if (/invalid session/iu.test(reason)) return { error: new SessionGoneError(`consul: ${what}`) };
  if (/lock delay/iu.test(reason)) return { applied: false, why: 'lock-delay' };
  if (/already held|check|exist|isn't held|lock isn't/iu.test(reason))
    return { applied: false, why: 'moved' };
  return {
    error: new StoreUnavailableError(`consul: transaction refused: ${answer.status} ${what}`),
  };
}
