import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Member } from './cluster.ts';
import { serversFolder } from './keeper.ts';
import { freePorts } from './ports.ts';
import { ServerProcess, type Command } from './process.ts';
import { GivenUp, until } from './until.ts';

/** Where one member listens, writes and how it is run. */
export interface MemberPlan extends Command {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  /** Removes what a killed server leaves in the system, and what keeps it from starting again. */
  tidy?(): Promise<void>;
}

export interface ClusterPlan<P extends MemberPlan = MemberPlan> {
  readonly size: number;
  readonly portsPerMember: number;
  /** Makes the members' commands for these ports; what they write goes below the folder. */
  plan(ports: number[], folder: string): P[] | Promise<P[]>;
  /** Can this member do now what can be expected of it, seeing which of the others run? */
  healthy(member: P, all: readonly OwnMember<P>[]): Promise<boolean>;
}

export interface OwnCluster<P extends MemberPlan = MemberPlan> {
  readonly members: OwnMember<P>[];
  stop(): Promise<void>;
}

const ATTEMPTS = 5;

/** Starts servers of our own; again with other ports if somebody took one of them between the choice and the start. */
export async function startOwn<P extends MemberPlan>(plan: ClusterPlan<P>): Promise<OwnCluster<P>> {
  for (let attempt = 1; ; attempt++) {
    const folder = join(serversFolder(), randomUUID());
    mkdirSync(folder, { recursive: true });
    const cluster = new Running(plan, folder);
    try {
      await cluster.start(await freePorts(plan.size * plan.portsPerMember));
      return cluster;
    } catch (error) {
      const taken = cluster.members.some(({ process }) =>
        /address already in use/i.test(process.logTail(100)),
      );
      await cluster.stop();
      if (!taken || attempt === ATTEMPTS) throw error;
    }
  }
}

class Running<P extends MemberPlan> implements OwnCluster<P> {
  readonly members: OwnMember<P>[] = [];
  readonly #plan: ClusterPlan<P>;
  readonly #folder: string;

  constructor(plan: ClusterPlan<P>, folder: string) {
    this.#plan = plan;
    this.#folder = folder;
  }

  async start(ports: number[]): Promise<void> {
    const plans = await this.#plan.plan(ports, this.#folder);
    const ready = (member: OwnMember<P>) => this.#ready(member);
    this.members.push(...plans.map((plan) => new OwnMember(plan, this.#folder, ready)));
    for (const member of this.members) member.process.start();
    await Promise.all(this.members.map(ready));
  }

  async #ready(member: OwnMember<P>): Promise<void> {
    await until(`${member.name} is ready`, async () => {
      if (!member.alive) throw new GivenUp(`${member.name} did not start:\n${member.process.logTail()}`);
      return (await this.#plan.healthy(member.plan, this.members)) || undefined;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

export class OwnMember<P extends MemberPlan = MemberPlan> implements Member {
  readonly plan: P;
  readonly process: ServerProcess;
  readonly #ready: (member: OwnMember<P>) => Promise<void>;

  constructor(plan: P, folder: string, ready: (member: OwnMember<P>) => Promise<void>) {
    this.plan = plan;
    this.process = new ServerProcess(plan, join(folder, `${plan.name}.log`));
    this.#ready = ready;
  }

  get name(): string {
    return this.plan.name;
  }

  get url(): string {
    return this.plan.url;
  }

  get host(): string {
    return new URL(this.plan.url).hostname;
  }

  get port(): number {
    return this.plan.port;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  get alive(): boolean {
    return this.process.alive;
  }

  get answering(): boolean {
    return this.process.alive && !this.process.suspended;
  }

  async kill(): Promise<void> {
    await this.process.kill();
    await this.plan.tidy?.();
  }

  suspend(): void {
    this.process.suspend();
  }

  resume(): void {
    this.process.resume();
  }

  async restart(): Promise<void> {
    await this.kill();
    this.process.start();
    await this.ready();
  }

  ready(): Promise<void> {
    return this.#ready(this);
  }
}
