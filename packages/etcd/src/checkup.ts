/** What only etcd can tell of itself. */
import type { Checkup, Finding } from '@tenure/core/store';
import type { IAlarmMember, IMember, IStatusResponse } from 'etcd3';
import type { Endpoints } from './endpoints.ts';
import { isForbidden, isLeaderless } from './errors.ts';
import { alarm, authStatus, memberList, status } from './rpc.ts';
import type { Method } from './rpc.ts';

const MIB = 1024 * 1024;
/** Where etcd stops to take writes unless it was given another quota, of which it does not tell. */
const DEFAULT_QUOTA_BYTES = 2048 * MIB;

/** With authentication, recent versions tell it to root only, and old ones do not know every question. */
const UNSEEN = 'cannot be seen by this user, or in this version. It does no harm; ask etcdctl as root.';

const found = (level: Finding['level'], text: string): Finding => ({ level, text });

const NO_LEADER = found(
  'bad',
  'etcd has no leader: fewer than a majority of its members are up and see each other, and nothing can be granted or ' +
    'renewed. Bring members back.',
);
const TIME = found(
  'good',
  'Leases run on elapsed time and not on the time of day: no clock that is set can end them early or late.',
);

/** @throws what any verb does when etcd does not answer or does not know us; what it forbids is a finding */
export async function checkup(endpoints: Endpoints, signal: AbortSignal): Promise<Checkup> {
  const findings: Finding[] = [];
  const ask = async <Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    judge: (answer: Response) => readonly Finding[],
    forbidden: string,
  ): Promise<Response | undefined> => {
    try {
      const answer = await endpoints.call(method, request, signal);
      findings.push(...judge(answer));
      return answer;
    } catch (error) {
      if (isForbidden(error)) findings.push(found('warning', forbidden));
      else if (!isLeaderless(error)) throw error;
      else if (!findings.includes(NO_LEADER)) findings.push(NO_LEADER);
      return undefined;
    }
  };
  const about = await ask(status, {}, ofStatus, `The version and the size ${UNSEEN}`);
  await ask(memberList, {}, ({ members }) => [ofMembers(members)], `How many members there are ${UNSEEN}`);
  await ask(alarm, {}, ({ alarms }) => alarms.map(ofAlarm), `Whether etcd has raised an alarm ${UNSEEN}`);
  await ask(authStatus, {}, ({ enabled }) => [ofAuth(enabled)], `Whether etcd asks for passwords ${UNSEEN}`);
  findings.push(TIME);
  return { product: about ? `etcd ${about.version}` : 'etcd', findings };
}

function ofStatus({ version, leader, isLearner, dbSize }: IStatusResponse): readonly Finding[] {
  const learner = found(
    'bad',
    'The member that answers is a learner, which takes no writes: name the voting members as hosts.',
  );
  const first = leader === '0' ? NO_LEADER : found('good', 'etcd has a leader.');
  return [...ofVersion(version), first, ...(isLearner ? [learner] : []), ofSize(Number(dbSize))];
}

function ofVersion(version: string): readonly Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 3 || (major === 3 && minor >= 4)) return [];
  return [found('bad', `etcd ${version} is too old: Tenure is made for 3.4 or later. Upgrade it.`)];
}

function ofMembers(members: readonly IMember[]): Finding {
  const count = members.filter(({ isLearner }) => !isLearner).length;
  const spare = Math.ceil(count / 2) - 1;
  if (count === 1) {
    return found(
      'warning',
      'There is one member only: while it is down nobody can be elected or stay elected, and if its disk is lost, so are ' +
        'all locks. Three members outlive the loss of one.',
    );
  }
  if (count % 2 === 0) {
    return found(
      'warning',
      `There are ${count} voting members, which outlive the loss of ${spare}: no more than ${count - 1} would, and one more ` +
        'can fail. Take an odd number.',
    );
  }
  return found('good', `There are ${count} voting members, of which ${spare} may fail at the same time.`);
}

function ofAlarm({ alarm: kind }: IAlarmMember): Finding {
  if (/nospace/iu.test(kind)) {
    return found(
      'bad',
      'etcd has raised NOSPACE: its quota is used up, it refuses every write, and no lock can be granted. Compact and ' +
        'defragment it, or raise --quota-backend-bytes; then etcdctl alarm disarm.',
    );
  }
  const what = /corrupt/iu.test(kind) ? 'CORRUPT: members disagree on what is stored' : kind;
  return found('bad', `etcd has raised ${what}. Do not trust its answers until the members are repaired.`);
}

function ofSize(bytes: number): Finding {
  const size = `The database takes ${(bytes / MIB).toFixed(1)} MiB`;
  if (bytes < DEFAULT_QUOTA_BYTES * 0.8) return found('good', `${size}.`);
  return found(
    'warning',
    `${size}. At its quota, 2048 MiB unless --quota-backend-bytes says otherwise, etcd refuses every write: compact and ` +
      'defragment it, or raise the quota.',
  );
}

function ofAuth(enabled: boolean): Finding {
  return enabled
    ? found('good', 'etcd asks for a user and a password.')
    : found(
        'good',
        'etcd asks for no password: whoever reaches it may take any lock. Fine where the network keeps others out.',
      );
}
