import { connect } from 'node:net';
import type { Member } from './cluster.ts';
import { startOwn, type ClusterPlan, type MemberPlan, type OwnMember } from './own.ts';
import { until } from './until.ts';

/** Which of the members one is, and which it takes for the leader; in whatever words the servers use for it. */
export interface RaftView {
  readonly self: string;
  readonly leader: string | undefined;
}

export interface RaftPlan<P extends MemberPlan = MemberPlan> extends Pick<
  ClusterPlan<P>,
  'size' | 'portsPerMember' | 'plan'
> {
  /** Can this member serve writes now? Asked while a majority runs. */
  healthy(member: P): Promise<boolean>;
  view(member: P): Promise<RaftView>;
}

export interface OwnRaftCluster {
  readonly members: Member[];
  leader(): Promise<Member>;
  stop(): Promise<void>;
}

/** As startOwn. A member without a majority is ready when it listens. */
export async function startRaft<P extends MemberPlan>(plan: RaftPlan<P>): Promise<OwnRaftCluster> {
  const cluster = await startOwn<P>({
    size: plan.size,
    portsPerMember: plan.portsPerMember,
    plan: (ports, folder) => plan.plan(ports, folder),
    healthy: (member, all) => (isMajority(all) ? plan.healthy(member) : listens(member)),
  });
  const { members } = cluster;
  return {
    members,
    leader: () => leaderOf(members, (member) => plan.view(member)),
    stop: () => cluster.stop(),
  };
}

function isMajority(members: readonly { readonly answering: boolean }[]): boolean {
  return members.filter(({ answering }) => answering).length > members.length / 2;
}

function leaderOf<P extends MemberPlan>(
  members: readonly OwnMember<P>[],
  viewOf: (member: P) => Promise<RaftView>,
): Promise<Member> {
  return until('a majority names a leader', async () => {
    const answering = members.filter((member) => member.answering);
    const answers = await Promise.allSettled(answering.map(({ plan }) => viewOf(plan)));
    const views = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined));
    const votes = (self: string) => views.filter((view) => view?.leader === self).length;
    const leader = answering.find((member, index) => {
      const view = views[index];
      return member.answering && view && votes(view.self) > members.length / 2;
    });
    const failure = answers.find((answer) => answer.status === 'rejected');
    if (!leader && failure) throw failure.reason;
    return leader;
  });
}

function listens({ url, port }: MemberPlan): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, new URL(url).hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
