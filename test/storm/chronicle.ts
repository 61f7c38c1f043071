import type { HistoryEvent, Operation } from '@tenure/conformance/history';
import type { Contender } from '../failover/contender.ts';
import type { Report, ReportOf } from '../failover/protocol.ts';
import { lostCheckpoints } from './checkpoints.ts';
import type { Acknowledged, Found } from './checkpoints.ts';
import type { Handled, Inventory } from './resources.ts';

/** A term that nobody has said to be over. */
export interface Reign {
  readonly contender: Contender;
  readonly token: bigint;
}

/** Everything that was reported and done, as one history by one clock; it starts with 0. */
export class Chronicle {
  /** Called for each report, when its event is in. */
  readonly heard = new Set<() => void>();
  readonly #start = process.hrtime.bigint();
  readonly #events: HistoryEvent[] = [];
  readonly #leading = new Map<string, Reign>();
  readonly #operated = new Map<string, ReportOf<'operated'>>();
  readonly #finds: Found[] = [];
  readonly #saves: Acknowledged[] = [];
  readonly #lastAt = new Map<string, number>();
  readonly #lastSign = new Map<string, number>();

  /** Milliseconds since the start. */
  now(): number {
    return this.ms(process.hrtime.bigint());
  }

  ms(at: bigint): number {
    return Number(at - this.#start) / 1e6;
  }

  add(event: HistoryEvent): void {
    this.#events.push(event);
  }

  /** Who leads, as far as it is known by now. */
  leader(key: string): Reign | undefined {
    const reign = this.#leading.get(key);
    return reign?.contender.running ? reign : undefined;
  }

  /** When its session was last known to be alive. */
  sign(contender: Contender): number {
    return this.#lastSign.get(contender.id) ?? -1;
  }

  /**
   * It was ended by a signal. What it had reported before counts as said. Who could close first has told how its terms
   * ended; but it looks on no more.
   */
  died({ id }: Contender, killedAt: number, signal: 'SIGKILL' | 'SIGTERM'): void {
    const at = Math.max(killedAt, this.#lastAt.get(id) ?? 0);
    const candidates = signal === 'SIGKILL' ? [id, observerOf(id)] : [observerOf(id)];
    this.add({ what: 'died', at, candidates });
  }

  hear(contender: Contender, report: Report): void {
    const at = this.ms(report.at);
    this.#lastAt.set(contender.id, at);
    this.#take(contender, report, at);
    for (const told of this.heard) told();
  }

  #take(contender: Contender, report: Report, at: number): void {
    const candidate = contender.id;
    switch (report.what) {
      case 'acquired':
        this.#leading.set(report.key, { contender, token: report.token });
        this.add({ what: 'acquired', at, key: report.key, candidate, token: report.token });
        return;
      case 'ended': {
        const { key, token, kind, reason } = report;
        if (this.#leading.get(key)?.token === token) this.#leading.delete(key);
        if (report.lastCurrentAt > 0n)
          this.add({ what: 'current', at: this.ms(report.lastCurrentAt), key, candidate, token });
        this.add({ what: 'ended', at, key, candidate, token, kind, reason });
        return;
      }
      case 'away':
        this.add({ what: 'away', at, since: this.ms(report.since), candidates: [candidate] });
        for (const { key, token } of report.views.filter(({ isCurrent }) => isCurrent))
          this.add({ what: 'current', at, key, candidate, token });
        return;
      case 'leader':
        this.add({
          what: 'observed',
          at,
          observer: observerOf(candidate),
          key: report.key,
          token: report.leader?.token,
        });
        return;
      case 'found':
        this.#finds.push({ at, key: report.key, token: report.token, checkpoint: report.checkpoint });
        return;
      case 'saved': {
        const { key, token, outcome, checkpoint } = report;
        if (outcome === 'ok') this.#saves.push({ at, key, token, checkpoint });
        const calledAt = this.ms(report.calledAt);
        this.add({ what: 'saved', key, candidate, token, calledAt, returnedAt: at, outcome });
        return;
      }
      case 'operated':
        this.#operated.set(report.id, report);
        return;
      case 'session':
        if (report.event === 'renewed' || report.event === 'opened') this.#lastSign.set(candidate, at);
        return;
      case 'scandal':
        this.add({ what: 'scandal', at, message: `${candidate}: ${report.message}` });
        return;
      default:
    }
  }

  /**
   * In the order of time, up to `endAt`, when the inventory was made. Who looks on does so up to `leavingAt`, when everybody
   * began to leave: from then on the store may name one who was next in line and leaves without having led.
   */
  history({ handled, contents }: Inventory, leavingAt: number, endAt: number): HistoryEvent[] {
    const operations = handled.flatMap((each) => this.#operation(each));
    const finals = contents.map(({ resource, key, greatest, value }): Operation => {
      const last = { what: 'operation', candidate: 'the last reader', call: { kind: 'read' } } as const;
      return {
        ...last,
        resource,
        key,
        token: greatest,
        calledAt: endAt,
        returnedAt: endAt,
        outcome: 'ok',
        value,
      };
    });
    const broken = this.#events.flatMap((event) =>
      event.what === 'fault' && event.excusesMs !== undefined
        ? [{ from: event.at, to: event.at + event.excusesMs }]
        : [],
    );
    const lost = lostCheckpoints(this.#finds, this.#saves, broken);
    const early = this.#events.filter(
      (event) => startOf(event) <= (event.what === 'observed' ? leavingAt : endAt),
    );
    return [...early, ...lost, ...operations, ...finals].toSorted((a, b) => startOf(a) - startOf(b));
  }

  #operation({ request, answer }: Handled): HistoryEvent[] {
    const { key, candidate, resource, call } = request;
    if (call.kind === 'look') return [];
    const token = BigInt(request.token);
    const calledAt = this.ms(BigInt(request.calledAt));
    const told = this.#operated.get(request.id);
    // It was asked for because the term said that it was current.
    const current: HistoryEvent = { what: 'current', at: calledAt, key, candidate, token };
    // Nobody was told, and nothing was done: as if it had never been asked.
    if (!told && answer.outcome === 'refused') return [current];
    const done = {
      call: call.kind === 'put' ? { kind: 'add' as const, element: call.element } : call,
      resource,
    };
    const base = { what: 'operation', key, candidate, token, calledAt, ...done } as const;
    const operation: Operation = told
      ? {
          ...base,
          returnedAt: this.ms(told.at),
          outcome: told.outcome,
          ...(told.value !== undefined && { value: told.value }),
        }
      : { ...base, returnedAt: Infinity, outcome: 'unknown' };
    return [current, operation];
  }
}

const observerOf = (id: string): string => `${id} looking on`;

const startOf = (event: HistoryEvent): number => ('at' in event ? event.at : event.calledAt);
