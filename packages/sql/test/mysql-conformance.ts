import { describeStore } from '@tenure/conformance';
import type { RequestHint } from '@tenure/conformance';
import { afterAll, beforeAll, describe } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startMariadb } from '../../../test/servers/mariadb.ts';
import type { MariadbServer } from '../../../test/servers/mariadb.ts';
import { migrate, mysql } from '../src/mysql.ts';
import { Operator, urlWith } from './mysql-operator.ts';

/** The suite on a server of that kind. */
export async function describeMysql(flavour: 'mariadb' | 'mysql'): Promise<void> {
  const available = await serverOrSkip(flavour);
  describe.skipIf(!available)(`the suite on ${flavour}`, () => {
    let server: MariadbServer;
    let url: string;
    let operator: Operator;

    beforeAll(async () => {
      server = await startMariadb({ flavour });
      url = server.urls[0]!;
      operator = new Operator(url);
      await migrate({ url });
    });

    afterAll(async () => {
      await operator.close();
      await server.stop();
    });

    describeStore('mysql', {
      open: (via) => mysql({ url: via ? urlWith(url, { port: String(via.port) }) : url }),
      ttlMs: 1500,
      target: () => ({ host: '127.0.0.1', port: Number(new URL(url).port) }),
      pattern,
      // There is nothing that could be heard.
      deaf: () => mysql({ url }),
      deleteKey: (key) => operator.deleteKey(key),
      leftovers: (namespace, requestIds) => operator.leftovers(namespace, requestIds),
    });
  });
}

/** What only the request of that verb has in it. */
function pattern({ verb, claimId }: RequestHint): string | undefined {
  switch (verb) {
    case 'open':
      return 'INSERT INTO `tenure_sessions`';
    case 'renew':
      return 'SET expires_at = ';
    case 'evict':
      return 'asked = 1, value = ';
    case 'close':
    case 'endSession':
      return 'DELETE FROM `tenure_sessions`';
    // Of a claim that is its look at the key; for what it writes there are tests in mysql-claims.test.ts.
    default:
      return claimId === undefined ? undefined : Buffer.from(claimId).toString('hex');
  }
}
