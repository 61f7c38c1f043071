import { setTimeout as sleep } from 'node:timers/promises';
import type { Chronicle, RecordedTerm } from './chronicle.ts';
import { Contender } from './contender.ts';
import { msBetween, now } from './report.ts';
import type { Report } from './report.ts';
import { paint, paintName, seconds, span } from './screen.ts';
import type { Screen } from './screen.ts';
import type { Stage } from './stage.ts';

/** How long a leader is shown at work before something happens to it. */
const SCENE_MS = 4000;
const FIRST_TERM_MS = 20_000;

/** Three acts: a first leader, a crash, a hand-over. */
export class Play {
  readonly #stage: Stage;
  readonly #screen: Screen;
  readonly #chronicle: Chronicle;
  readonly #signal: AbortSignal;
  readonly #failed: (error: Error) => void;
  readonly #contenders = new Map<string, Contender>();
  /** Whose end is part of the play. */
  readonly #leaving = new Set<string>();
  readonly #trouble = new Map<string, string>();

  constructor(stage: Stage, screen: Screen, chronicle: Chronicle, stop: AbortController) {
    this.#stage = stage;
    this.#screen = screen;
    this.#chronicle = chronicle;
    this.#signal = stop.signal;
    this.#failed = (error) => stop.abort(error);
  }

  async run(): Promise<void> {
    const { store, ttlMs } = this.#stage;
    this.#screen.print(`  store       ${store}`);
    this.#screen.print('  candidates  three processes, for one election');
    this.#screen.print(`  TTL         ${ttlMs / 1000} s: how long the store waits for a silent leader`);

    this.#screen.heading('1. Three stand, one leads');
    for (const name of ['ada', 'ben', 'cleo']) this.#cast(name);
    const first = await this.#termAfter(undefined, FIRST_TERM_MS);
    await this.#scene();

    this.#screen.heading('2. The leader is killed with SIGKILL');
    const second = await this.#crash(first);
    this.#cast('dora');
    await this.#scene();

    this.#screen.heading('3. The leader hands over: resign()');
    await this.#handOver(second);
    await this.#scene();

    this.#screen.heading('4. Everybody leaves');
    await this.leave();
    this.#screen.event('all have left');
  }

  /** Everybody gives up what they hold and is gone. */
  async leave(): Promise<void> {
    this.#screen.unfollow();
    await Promise.all([...this.#contenders.values()].map((contender) => this.#dismiss(contender)));
  }

  async #crash(term: RecordedTerm): Promise<RecordedTerm> {
    const { took, ttlMs } = this.#stage;
    const victim = this.#contender(term.who);
    this.#leaving.add(term.who);
    this.#screen.event(`${paintName(term.who)} is killed with SIGKILL (${victim.home})`);
    this.#screen.event('Nobody can tell a dead process from a silent one,');
    this.#screen.event(`so the store waits until the TTL of ${ttlMs / 1000} s is over.`);
    const at = now();
    await victim.crash();
    this.#chronicle.killed(term.who, now());
    const next = await this.#termAfter(term, 10_000 + 3 * ttlMs);
    const tookMs = msBetween(at, next.from);
    this.#screen.event(`the takeover took ${paint('bold', seconds(tookMs))}: ${took}`);
    await this.#dismiss(victim);
    return next;
  }

  async #handOver(term: RecordedTerm): Promise<void> {
    this.#screen.event(`${paintName(term.who)} resigns`);
    const at = now();
    this.#contender(term.who).resign();
    const next = await this.#termAfter(term, 10_000 + this.#stage.ttlMs);
    const tookMs = msBetween(at, next.from);
    this.#screen.event(`the hand-over took ${paint('bold', span(tookMs))}: nobody had to wait for the TTL`);
  }

  #cast(name: string): void {
    this.#signal.throwIfAborted();
    const contender = new Contender(
      this.#stage.part(name),
      this.#stage.storeUrl,
      (report) => this.#hear(name, report),
      (how) => {
        if (!this.#leaving.has(name)) this.#failed(new Error(`${name} ended unexpectedly: ${how}`));
      },
    );
    this.#contenders.set(name, contender);
  }

  async #dismiss(contender: Contender): Promise<void> {
    this.#leaving.add(contender.name);
    await contender.leave();
    this.#contenders.delete(contender.name);
  }

  #contender(name: string): Contender {
    const contender = this.#contenders.get(name);
    if (!contender) throw new Error(`${name} leads and is not of this demo`);
    return contender;
  }

  #hear(name: string, report: Report): void {
    this.#chronicle.hear(name, report);
    if (!this.#signal.aborted) this.#show(name, report);
  }

  #show(name: string, report: Report): void {
    const who = paintName(name);
    if (report.what === 'standing') this.#screen.event(`${who} stands (${this.#contender(name).home})`);
    if (report.what === 'acquired') {
      this.#screen.event(`${who} ${paint('green', 'leads')}, token ${report.token}`);
    }
    if (report.what === 'ended' && report.kind === 'lost') {
      this.#screen.event(`${who} knows that it has stopped leading: ${report.reason}`);
    }
    if (report.what === 'trouble' && !this.#leaving.has(name) && this.#trouble.get(name) !== report.message) {
      // It is retried, so it comes again and again.
      this.#trouble.set(name, report.message);
      this.#screen.event(`${who} has trouble: ${report.message}`);
    }
  }

  #termAfter(before: RecordedTerm | undefined, timeoutMs: number): Promise<RecordedTerm> {
    const next = (): RecordedTerm | undefined => {
      const { leader } = this.#chronicle;
      return leader && leader.token !== before?.token ? leader : undefined;
    };
    return this.#chronicle.until('somebody leads', next, timeoutMs);
  }

  /** The leader at work, for a while. */
  async #scene(): Promise<void> {
    this.#screen.follow(() => {
      const { leader } = this.#chronicle;
      if (!leader) return undefined;
      return `${paintName(leader.who)} has led for ${seconds(msBetween(leader.from, now()))}, token ${leader.token}`;
    });
    await sleep(SCENE_MS, undefined, { signal: this.#signal });
    this.#screen.unfollow();
  }
}
