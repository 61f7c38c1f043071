import { describeStore, type RequestHint } from '@tenure/conformance';
import { consul } from '@tenure/consul';
import { afterAll, beforeAll, describe } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startConsul, type ConsulCluster } from '../../../test/servers/consul.ts';
import { layout } from '../src/keys.ts';
import { Agent, memberOf } from './agent.ts';
import { startDeafAgent, type DeafAgent } from './deaf.ts';

const { lock, checkpoint } = layout('');

/** The suite on a cluster of its own. */
export async function describeConsul(members: 1 | 3): Promise<void> {
  const available = await serverOrSkip('consul');
  describe.skipIf(!available)(`Consul with ${members} server${members === 1 ? '' : 's'}`, () => {
    let cluster: ConsulCluster;
    let agent: Agent;
    let deafAgent: DeafAgent;
    beforeAll(async () => {
      cluster = await startConsul({ members });
      agent = new Agent(memberOf(cluster).url);
      deafAgent = await startDeafAgent(memberOf(cluster));
    });
    afterAll(async () => {
      await deafAgent.close();
      await cluster.stop();
    });

    describeStore('consul', {
      ttlMs: 2000,
      expiryFactor: 2,
      open: (via) =>
        consul({ address: via ? `http://${via.host}:${via.port}` : cluster.urls, minTtlMs: 1000 }),
      target: () => ({ host: '127.0.0.1', port: memberOf(cluster).port }),
      pattern,
      deaf: () => consul({ address: deafAgent.address, minTtlMs: 1000 }),
      deleteKey: (key) => agent.delete(`/kv/${encodeURIComponent(lock(key))}`),
      async leftovers(namespace, requestIds) {
        const keys = await agent.keys(`${namespace}/`);
        const sessions = (await agent.sessions()).map(({ Name }) => Name);
        return [...keys, ...sessions.filter((name) => requestIds.some((id) => name.includes(id)))];
      },
    });
  });
}

/** What only the request of that verb contains. */
function pattern({ verb, key, requestId }: RequestHint): string | undefined {
  const operation = (name: string, path: string) =>
    `{"KV":${JSON.stringify({ Verb: name, Key: path }).slice(0, -1)}`;
  switch (verb) {
    case 'open':
      return requestId;
    case 'renew':
      return '/v1/session/renew/';
    case 'claim':
    case 'announce':
      return key && operation('lock', lock(key));
    case 'release':
      return key && operation('delete', lock(key));
    case 'evict':
      return key && operation('unlock', lock(key));
    case 'close':
      return '/v1/session/destroy/';
    case 'save':
      return key && operation('set', checkpoint(key));
    default:
      return undefined;
  }
}
