/** What only Consul can tell of itself. */
import { AccessDeniedError } from '@tenure/core/store';
import type { Checkup, Finding } from '@tenure/core/store';
import { durationMs } from './duration.ts';
import type { Site } from './site.ts';
import type { Answer, Request } from './wire.ts';

/** A tenure's, unless it or the URL names another. */
const DEFAULT_NAMESPACE = 'tenure';

const leader: Request = { name: 'leader', method: 'GET', path: '/status/leader' };
const peers: Request = { name: 'peers', method: 'GET', path: '/status/peers' };
const self: Request = { name: 'agent', method: 'GET', path: '/agent/self' };

interface Agent {
  readonly Config?: { readonly NodeName?: string; readonly Version?: string };
  readonly DebugConfig?: { readonly SessionTTLMin?: string };
}

const found = (level: Finding['level'], text: string): Finding => ({ level, text });

const NO_LEADER = found(
  'bad',
  'Consul has no leader: fewer than a majority of its servers are up and see each other, and nothing can be granted or ' +
    'renewed. Bring servers back.',
);
const UNSEEN = 'What the token is allowed cannot be seen; a trial of the verbs shows it.';
const UNKNOWN = found(
  'warning',
  'Version and session_ttl_min cannot be seen: the token lacks agent_prefix "" { policy = "read" }. Nothing but this ' +
    'checkup needs that.',
);

/** @throws what any verb does when Consul does not answer or does not know the token; what it forbids is a finding */
export async function checkup(
  site: Site,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<Checkup> {
  const { connection, settings } = site;
  const ask = (request: Request): Promise<Answer> => connection.ask('verbs', request, signal);
  const { body: address, date } = await ask(leader);
  const time = date === undefined ? {} : timeOf(date);
  if (typeof address !== 'string' || address === '')
    return { product: 'Consul', ...time, findings: [NO_LEADER] };
  const { body: servers } = await ask(peers);
  const agent = await unlessForbidden(ask(self));
  const { Config: { NodeName: node, Version: version } = {}, DebugConfig } = (agent?.body ?? {}) as Agent;
  const folder = site.layout.search({ namespace: namespace ?? DEFAULT_NAMESPACE, name: '' });
  return {
    product: version === undefined ? 'Consul' : `Consul ${version}`,
    ...time,
    findings: [
      found('good', `Consul has a leader, ${address}.`),
      ofServers(Array.isArray(servers) ? servers.length : 0),
      ...(version === undefined ? [UNKNOWN] : ofVersion(version)),
      ...ofShortestTtl(DebugConfig?.SessionTTLMin, settings.minTtlMs),
      ...(await ofRights(ask, folder, node)),
    ],
  };
}

/** Undefined when this token may not ask that. */
async function unlessForbidden(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AccessDeniedError && !isUnknownToken(error)) return undefined;
    throw error;
  }
}

const isUnknownToken = ({ message }: Error): boolean => message.includes('ACL not found');

/** In whole seconds, rounded down: half a second later is the best guess. */
function timeOf(date: string): Pick<Checkup, 'serverTimeMs'> {
  // oxlint-disable-next-line no-restricted-globals -- understands a text, and reads no clock
  const wholeMs = Date.parse(date);
  return Number.isNaN(wholeMs) ? {} : { serverTimeMs: wholeMs + 500 };
}

function ofVersion(version: string): readonly Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 1 || (major === 1 && minor >= 8)) return [];
  return [found('bad', `Consul ${version} is too old: Tenure is made for 1.8 or later. Upgrade it.`)];
}

function ofServers(count: number): Finding {
  const spare = Math.ceil(count / 2) - 1;
  if (count <= 1) {
    return found(
      'warning',
      'There is one server only: while it is down nobody can be elected or stay elected, and if its disk is lost, so are ' +
        'all locks. Three servers outlive the loss of one.',
    );
  }
  if (count % 2 === 1)
    return found('good', `There are ${count} servers, of which ${spare} may fail at the same time.`);
  return found(
    'warning',
    `There are ${count} servers, which outlive the loss of ${spare}: no more than ${count - 1} would, and one more can fail. ` +
      'Take an odd number.',
  );
}

function ofShortestTtl(shown: string | undefined, minTtlMs: number): readonly Finding[] {
  const shortestMs = shown === undefined ? undefined : durationMs(shown);
  if (shortestMs === undefined) return [];
  if (shortestMs > minTtlMs) {
    const text =
      `The agent's session_ttl_min is ${shortestMs} ms, and minTtlMs is ${minTtlMs}: sessions with a TTL in between are ` +
      `refused. Set minTtlMs to ${shortestMs}, or lower session_ttl_min on all servers.`;
    return [found('bad', text)];
  }
  const room = shortestMs < minTtlMs ? `; minTtlMs, ${minTtlMs}, could be as low` : ', as minTtlMs says';
  return [found('good', `The shortest TTL that the agent grants is ${shortestMs} ms${room}.`)];
}

/** By asking what the token would be allowed, which needs no right of its own. */
async function ofRights(
  ask: (request: Request) => Promise<Answer>,
  folder: string,
  node: string | undefined,
): Promise<readonly Finding[]> {
  const wanted = [
    { Resource: 'key', Access: 'write', Segment: folder },
    { Resource: 'session', Access: 'write', Segment: node ?? '' },
  ];
  let answer: Answer;
  try {
    const path = '/internal/acl/authorize';
    answer = await ask({ name: 'rights', method: 'POST', path, body: JSON.stringify(wanted) });
  } catch (error) {
    if (!(error instanceof AccessDeniedError) || isUnknownToken(error)) throw error;
    if (!error.message.includes('ACL support disabled')) return [found('warning', UNSEEN)];
    return [found('good', 'ACLs are off: whoever reaches the agent may take any lock.')];
  }
  if (!Array.isArray(answer.body)) return [found('warning', UNSEEN)];
  const answers = answer.body as readonly { readonly Allow?: boolean }[];
  const missing = wanted.filter((_, index) => answers[index]?.Allow !== true);
  if (missing.length === 0) return [found('good', `The token may write sessions, and keys under ${folder}.`)];
  return missing.map(({ Resource, Segment }) => {
    const lacks = `The token lacks ${Resource}_prefix "${Segment}" { policy = "write" }`;
    return Resource === 'session' && node === undefined
      ? found('warning', `${lacks}; one for the agent's node would do, whose name cannot be seen.`)
      : found('bad', `${lacks}. Without it every claim is refused. Add it to the policy of the token.`);
  });
}
