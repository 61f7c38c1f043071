import { chmod, chown } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StoreUnavailableError } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { unprivilegedAccount } from '../../../test/servers/account.ts';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { makeCertificates } from '../../../test/servers/certificates.ts';
import type { Certificates } from '../../../test/servers/certificates.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, openUrl } from '../src/postgres.ts';
import { eventually, failure, nonce, open, record } from './postgres-candidate.ts';
import { Operator, urlWith } from './postgres-operator.ts';

const available = await serverOrSkip('postgres', { own: true });

describe.skipIf(!available)('PostgreSQL over TLS', () => {
  let certificates: Certificates;
  let server: PostgresServer;
  let operator: Operator;
  let url: string;
  const stores: Store[] = [];

  beforeAll(async () => {
    certificates = await makeCertificates();
    const { ca, cert, key } = certificates.server;
    await chmod(dirname(key), 0o755);
    await chmod(key, 0o600);
    const account = unprivilegedAccount();
    if (account) await chown(key, account.uid, account.gid);
    server = await startPostgres({
      own: true,
      settings: { ssl: 'on', ssl_cert_file: cert, ssl_key_file: key },
    });
    operator = new Operator(server.urls[0]!);
    url = urlWith(operator.url, { sslmode: 'verify-full', sslrootcert: ca });
    await migrate({ url: operator.url });
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  afterAll(async () => {
    await operator.close();
    await server.stop();
    await certificates.remove();
  });

  const storeOf = (place: string): Store => {
    const store = openUrl(place);
    stores.push(store);
    return store;
  };

  test('every connection is encrypted, the one that listens too', async () => {
    const store = storeOf(url);
    await open(store);
    await eventually(async () => {
      const rows = await operator.ask<{ ssl: boolean; query: string }>(
        "SELECT ssl, query FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE application_name = 'tenure'",
      );
      expect(rows.some(({ query }) => query.startsWith('LISTEN'))).toBe(true);
      expect(rows.every(({ ssl }) => ssl)).toBe(true);
    });
  });

  test('a server whose certificate is of another authority is not talked to', async () => {
    const wrong = urlWith(url, { sslrootcert: certificates.stranger.ca });
    const error = await failure(open(storeOf(wrong)));
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error.message).toMatch(/certificate|self-signed/u);
  });

  test('a statement that hangs is cancelled in the server', async () => {
    const session = await open(storeOf(urlWith(url, { listen: 'false' })));
    await using locker = await operator.session();
    await locker.query('BEGIN');
    await locker.query('LOCK TABLE tenure_locks');
    const leave = new AbortController();
    const hung = failure(session.claim({ namespace: nonce(), name: 'hung' }, record(), leave.signal));
    const waiting = async (): Promise<number> =>
      (await operator.backends()).filter(
        ({ query, state }) => state === 'active' && query.startsWith('INSERT'),
      ).length;
    await eventually(async () => expect(await waiting()).toBe(1));
    leave.abort(new Error('too long'));
    await hung;
    await eventually(async () => expect(await waiting()).toBe(0));
    await locker.query('COMMIT');
  });
});
