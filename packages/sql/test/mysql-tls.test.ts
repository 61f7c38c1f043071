import { readFile } from 'node:fs/promises';
import { AccessDeniedError, StoreUnavailableError } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates } from '../../../test/servers/certificates.ts';
import type { Certificates } from '../../../test/servers/certificates.ts';
import { migrate, openUrl } from '../src/mysql.ts';
import { flavours, stage, urlWith } from './mysql-operator.ts';
import type { Stage } from './mysql-operator.ts';
import { failure, grant, never, nonce, open } from './postgres-candidate.ts';

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`${flavour} over TLS`, () => {
    let certificates: Certificates;
    let place: Stage;
    /** Of a user who may come over TLS only. */
    let url: string;
    const stores: Store[] = [];

    beforeAll(async () => {
      certificates = await makeCertificates();
      const { ca, cert, key } = certificates.server;
      place = await stage(flavour, { settings: { 'ssl-ca': ca, 'ssl-cert': cert, 'ssl-key': key } });
      await migrate({ url: place.url });
      url = await place.operator.user('careful');
      await place.operator.ask("GRANT ALL ON tenure.* TO 'careful'@'127.0.0.1'");
      await place.operator.ask("ALTER USER 'careful'@'127.0.0.1' REQUIRE SSL");
    });

    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
    });

    afterAll(async () => {
      await place.operator.close();
      await place.server.stop();
      await certificates.remove();
    });

    const storeOf = (ssl: object | undefined): Store => {
      const store = openUrl(ssl === undefined ? url : urlWith(url, { ssl: JSON.stringify(ssl) }));
      stores.push(store);
      return store;
    };

    const trusting = async (file: string): Promise<object> => ({
      ca: await readFile(file, 'utf8'),
      verifyIdentity: true,
    });

    test('the driver is told what the URL says of TLS', async () => {
      const session = await open(storeOf(await trusting(certificates.server.ca)));
      await grant(session, { namespace: nonce(), name: 'secret' });
      await session.renew(never);
    });

    test('a server whose certificate is of another authority is not talked to', async () => {
      for (const ssl of [await trusting(certificates.stranger.ca), {}]) {
        const error = await failure(open(storeOf(ssl)));
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(error.message).toMatch(/certificate/u);
      }
    });

    test('who must not come in the clear is denied', async () => {
      expect(await failure(open(storeOf(undefined)))).toBeInstanceOf(AccessDeniedError);
    });

    test('what is not answered ends with its signal, and its connection is not used again', async () => {
      const session = await open(storeOf(await trusting(certificates.server.ca)));
      const [member] = place.server.members;
      member!.suspend();
      const leave = new AbortController();
      const asked = failure(session.renew(leave.signal));
      await new Promise(setImmediate);
      leave.abort(new Error('no answer'));
      expect((await asked).message).toBe('no answer');
      member!.resume();
      await session.renew(never);
    });
  });
}
