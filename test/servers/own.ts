import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Member } from './cluster.ts';
import { serversFolder } from './keeper.ts';
import { freePorts } from './ports.ts';
import { ServerProcess } from './process.ts';
import { GivenUp, until } from './until.ts';

/** Where one member listens, writes and how it is run. */
export interface MemberPlan {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  /** Where the other members reach it. */
  readonly peer: string;
  readonly file: string;
  readonly args: readonly string[];
}

export interface ClusterPlan {
  readonly size: number;
  readonly portsPerMember: number;
  /** Makes the members' commands for these ports; what they write goes below the folder. */
  plan(ports: number[], folder: string): MemberPlan[];
  /** Can this member serve writes now? */
  healthy(member: MemberPlan): Promise<boolean>;
  view(member: MemberPlan): Promise<RaftView>;
}

/** Which of the members one is, and which it takes for the leader; in whatever words the servers use for it. */
export interface RaftView {
  readonly self: string;
  readonly leader: string | undefined;
}

export interface OwnCluster {
  readonly members: Member[];
  leader(): Promise<Member>;
  stop(): Promise<void>;
}

const ATTEMPTS = 5;

/** Starts servers of our own; again with other ports if somebody took one of them between the choice and the start. */
export async function startOwn(plan: ClusterPlan): Promise<OwnCluster> {
  for (let attempt = 1; ; attempt++) {
    const folder = join(serversFolder(), randomUUID());
    mkdirSync(folder, { recursive: true });
    const cluster = new Running(plan, await freePorts(plan.size * plan.portsPerMember), folder);
    try {
      await cluster.start();
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

class Running implements OwnCluster {
  readonly members: OwnMember[];
  readonly #plan: ClusterPlan;
  readonly #folder: string;

  constructor(plan: ClusterPlan, ports: number[], folder: string) {
    this.#plan = plan;
    this.#folder = folder;
    this.members = plan.plan(ports, folder).map((member) => new OwnMember(member, this, folder));
  }

  async start(): Promise<void> {
    for (const member of this.members) member.process.start();
    await Promise.all(this.members.map((member) => this.ready(member)));
  }

  get hasMajority(): boolean {
    return this.members.filter((member) => member.answering).length > this.members.length / 2;
  }

  async ready(member: OwnMember): Promise<void> {
    await until(`${member.name} is ready`, async () => {
      if (!member.alive) throw new GivenUp(`${member.name} did not start:\n${member.process.logTail()}`);
      const ready = await (this.hasMajority ? this.#plan.healthy(member.plan) : listens(member.port));
      return ready || undefined;
    });
  }

  leader(): Promise<Member> {
    return until('a majority names a leader', async () => {
      const answering = this.members.filter((member) => member.answering);
      const answers = await Promise.allSettled(answering.map((member) => this.#plan.view(member.plan)));
      const views = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined));
      const votes = (self: string) => views.filter((view) => view?.leader === self).length;
      const leader = answering.find((member, index) => {
        const view = views[index];
        return member.answering && view && votes(view.self) > this.members.length / 2;
      });
      const failure = answers.find((answer) => answer.status === 'rejected');
      if (!leader && failure) throw failure.reason;
      return leader;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

class OwnMember implements Member {
  readonly plan: MemberPlan;
  readonly process: ServerProcess;
  readonly #cluster: Running;

  constructor(plan: MemberPlan, cluster: Running, folder: string) {
    this.plan = plan;
    this.#cluster = cluster;
    this.process = new ServerProcess({
      file: plan.file,
      args: plan.args,
      logFile: join(folder, `${plan.name}.log`),
    });
  }

  get name(): string {
    return this.plan.name;
  }

  get url(): string {
    return this.plan.url;
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

  kill(): Promise<void> {
    return this.process.kill();
  }

  suspend(): void {
    this.process.suspend();
  }

  resume(): void {
    this.process.resume();
  }

  async restart(): Promise<void> {
    if (this.alive) await this.kill();
    this.process.start();
    await this.#cluster.ready(this);
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
