import { describeStore } from '@tenure/conformance';
import type { RequestHint } from '@tenure/conformance';
import { afterAll, beforeAll, describe } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, postgres } from '../src/postgres.ts';
import { Operator, urlWith } from './postgres-operator.ts';

const available = await serverOrSkip('postgres');

describe.skipIf(!available)('PostgreSQL', () => {
  let server: PostgresServer;
  let url: string;
  let operator: Operator;

  beforeAll(async () => {
    server = await startPostgres();
    url = server.urls[0]!;
    operator = new Operator(url);
    await migrate({ url });
    // Nobody ever tells anything there.
    await operator.ask('DROP DATABASE IF EXISTS silence');
    await operator.ask('CREATE DATABASE silence');
  });

  afterAll(async () => {
    await operator.close();
    await server.stop();
  });

  describeStore('postgres', {
    open: (via) => postgres({ url: via ? throughProxy(url, via) : url }),
    ttlMs: 1500,
    target: () => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }),
    pattern,
    deaf: () => postgres({ url, listen: { url: urlWith(url, { database: 'silence' }) } }),
    deleteKey: (key) => operator.deleteKey(key),
    leftovers: (namespace, requestIds) => operator.leftovers(namespace, requestIds),
  });
});

function throughProxy(url: string, { host, port }: { host: string; port: number }): string {
  const via = new URL(url);
  via.host = `${host}:${port}`;
  return via.href;
}

/** What only the request of that verb has in it. */
function pattern({ verb, claimId }: RequestHint): string | undefined {
  switch (verb) {
    case 'open':
      return 'INSERT INTO "public"."tenure_sessions"';
    case 'renew':
      return 'SET expires_at = ';
    case 'evict':
      return 'asked = 1';
    case 'close':
    case 'endSession':
      return 'DELETE FROM "public"."tenure_sessions"';
    default:
      return claimId;
  }
}
