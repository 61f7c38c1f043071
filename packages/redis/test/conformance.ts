import { describeStore } from '@tenure/conformance';
import type { Address } from '@tenure/conformance/network';
import type { Store } from '@tenure/core/store';
import { afterAll, beforeAll, describe } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startRedis } from '../../../test/servers/redis.ts';
import type { RedisOptions, RedisServers } from '../../../test/servers/redis.ts';
import * as claimScripts from '../src/claim-scripts.ts';
import * as sessionScripts from '../src/session-scripts.ts';
import { deaf } from './deaf.ts';
import { Operator, pattern } from './support.ts';

export interface Suite {
  readonly title: string;
  readonly flavour?: Exclude<RedisOptions['flavour'], undefined>;
  readonly cluster?: boolean;
  /** A client of its own each time. */
  readonly open: (urls: readonly string[]) => Store;
}

/** The suite on servers of its own. */
export async function describeRedis({
  title,
  flavour = 'redis',
  cluster = false,
  open,
}: Suite): Promise<void> {
  const available = await serverOrSkip(flavour, { own: true });
  describe.skipIf(!available)(`the suite on ${title}`, () => {
    let servers: RedisServers;
    let operators: Operator[];

    beforeAll(async () => {
      servers = await startRedis({ own: true, flavour, cluster });
      operators = servers.urls.map((url) => new Operator(url));
      // What is cut off shall be an answer of the script, not that the server does not know it.
      const scripts = [...Object.values(claimScripts), ...Object.values(sessionScripts)];
      for (const script of scripts) {
        if (typeof script === 'string') continue;
        await Promise.all(operators.map(({ client }) => client.script('LOAD', script.lua)));
      }
    });

    afterAll(async () => {
      for (const operator of operators) operator.close();
      await servers.stop();
    });

    const through = ({ host, port }: Address): string => `redis://${host}:${port}`;
    describeStore('redis', {
      open: (via) => open(via ? [through(via)] : servers.urls),
      // Whoever connects to a Cluster asks all of it.
      ttlMs: cluster ? 3000 : 1000,
      // A Cluster's servers name one another, past any proxy.
      ...(cluster
        ? {}
        : { target: () => ({ host: '127.0.0.1', port: servers.members.at(0)!.port }), pattern }),
      deaf: () => deaf(open(servers.urls)),
      deleteKey: async (key) => {
        for (const operator of operators) await operator.deleteKey(key).catch(movedAway);
      },
      skip: [
        {
          case: 'wakes a parked claim when an operator deletes the key',
          reason:
            'Redis tells nobody of a DEL; a waiter asks when the TTL of the holder it saw would be over',
        },
      ],
      leftovers: async (namespace, requestIds) => {
        const left = await Promise.all(
          operators.map((operator) => operator.leftovers(namespace, requestIds)),
        );
        return left.flat();
      },
    });
  });
}

/** One of a Cluster that does not have the key says so. */
function movedAway(error: unknown): void {
  if (!String(error).includes('MOVED')) throw error;
}
