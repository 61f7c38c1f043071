import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenure, openStore } from '@tenure/core';
import type { Store } from '@tenure/core';
import { describe, expect, it } from 'vitest';
import { serverOrSkip } from '../servers/availability.ts';
import { makeCertificates } from '../servers/certificates.ts';
import { freePorts } from '../servers/ports.ts';
import { leakIn } from './leak.ts';
import { rows } from './secret-rows.ts';
import type { Row } from './secret-rows.ts';
import { stand } from './stander.ts';

/** Everything that a URL has to encode stands around it. */
const MARKER = 'Hu5hMarker';
const PASSWORD = `a/?#@:%& +${MARKER}=`;

const encoded = encodeURIComponent(PASSWORD);
const hostOf = (url: string): string => new URL(url).host;

/** What a program can get hold of: the store, the tenure, and every error of using them for a while. */
async function use(url: string, during?: () => Promise<void>): Promise<unknown[]> {
  let store: Store;
  try {
    store = await openStore(url);
  } catch (error) {
    return [error];
  }
  const got: unknown[] = [store];
  const note = (value: unknown): void => void got.push(value);
  const soon = (): AbortSignal => AbortSignal.timeout(3000);
  const key = { namespace: 'secrets', name: 'job' };
  const request = { id: '00000000000000aa', ttlMs: 10_000, name: 'me', namespace: key.namespace };
  const session = await store.open(request, soon()).catch(note);
  if (session) got.push(session, await session.renew(soon()).catch(note));
  const watching = store.watch(key, soon())[Symbol.asyncIterator]();
  await watching.next().then(note, note);
  await watching.return?.().catch(note);
  await store.holder(key, soon()).catch(note);
  await store.list({ ...key, name: '' }, soon()).catch(note);
  if (session) await session.close(soon()).catch(note);

  const tenure = createTenure({ store, ttlMs: 10_000, graceMs: 500 });
  const election = tenure.election('job');
  got.push(tenure, election);
  election.errors.subscribe(note);
  election.start();
  await tenure.lock('other').tryAcquire().then(note, note);
  await tenure.leaders().then(note, note);
  await during?.();
  await sleep(1000);
  await tenure.close();
  return got;
}

function expectNoLeak(got: readonly unknown[], secrets: readonly string[]): void {
  for (const value of got) {
    for (const secret of secrets) expect(leakIn(value, secret)).toBeUndefined();
  }
}

const errorsIn = (got: readonly unknown[]): Error[] => got.filter((value) => value instanceof Error);

/** Each wrong in its own way. Where a driver takes one after all, there is a store to look at. */
const malformed = ({ scheme, user, path }: Row): string[] => [
  `${scheme}:${user}${encoded}@127.0.0.1:1${path}`,
  `${scheme}://${user}${PASSWORD}@127.0.0.1:1${path}`,
  `${scheme}://${user}${encoded}@`,
  `${scheme}://${user}${encoded}@${path}`,
  `${scheme}://${user}${encoded}`,
  `${scheme}://${user}${encoded}@127.0.0.1:port${path}`,
  `${scheme}://${user}${encoded}@127.0.0.1:99999${path}`,
  `${scheme}://${user}${encoded}@h 1${path}`,
  `${scheme}://${user}${encoded}@[::1${path}`,
  `${scheme}://${user}100%${MARKER}@127.0.0.1:1${path}`,
  `${scheme}://${user}a/${MARKER}@127.0.0.1:1${path}`,
  `${scheme}://${user}1/${MARKER}@127.0.0.1:1${path}`,
  `${scheme}://${user}1?${MARKER}@127.0.0.1:1${path}`,
  `${scheme}://${user}1#${MARKER}@127.0.0.1:1${path}`,
  `${scheme}://${user}${MARKER}\n@127.0.0.1:1${path}`,
  ` ${scheme}://${user}${encoded}@127.0.0.1:1${path}`,
  `${scheme}x://${user}${encoded}@127.0.0.1:1${path}`,
  `//${user}${encoded}@127.0.0.1:1${path}`,
  `${user}${encoded}@127.0.0.1:1${path}`,
  `${scheme}://${user}${encoded}@127.0.0.1:1${path}?passwrod=${encoded}`,
  `${scheme}://${user}${encoded}@127.0.0.1:1${path}?token=${encoded}&token=${encoded}`,
  `${scheme}://${user}${encoded}@127.0.0.1:1${path}?tls=${encoded}`,
  `${scheme}://${user}${encoded}@127.0.0.1:1${path}?key=${encoded}`,
  `${scheme}://127.0.0.1:1${path}?password=${MARKER}&secret=${MARKER}&${MARKER}`,
  `${scheme}://127.0.0.1:1${path}#${MARKER}`,
];

it('a secret is found in causes, bytes and encodings, should it be there', () => {
  const secret = 'Hu5hMarker';
  for (const around of [
    new Error('x', { cause: new Error('y', { cause: { config: { headers: [`x-token: ${secret}`] } } }) }),
    Object.defineProperty({}, 'hidden', { value: secret }),
    { body: Buffer.from(`me:${secret}`) },
    `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`,
    Object.assign(new Error('x'), { input: `etcd://${secret}@h` }),
  ]) {
    expect(leakIn(around, secret)).toBeDefined();
  }
  expect(leakIn(new Error('x', { cause: { Hu5h: 'Marker' } }), secret)).toBeUndefined();
});

it('a secret in the URL of a store without a server is in no store and no error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tenure-secrets-'));
  for (const url of [
    `sqlite:${folder}/a.db?key=${MARKER}`,
    `sqlite:${folder}/a.db?authToken=${MARKER}&namespace=x`,
    `sqlite:${folder}/none/a.db?namespace=x#${MARKER}`,
    `sqlite://me:${MARKER}@127.0.0.1:1/a.db`,
    `sqlite://me:${MARKER}@127.0.0.1:1/a.db?namespace=x`,
    `memory://me:${MARKER}@127.0.0.1:1`,
    `memory:me:${MARKER}@127.0.0.1:1`,
    `memory:?key=${MARKER}`,
  ]) {
    const got = await use(url);
    expect(errorsIn(got).map((error) => (error as { code?: string }).code)).toEqual(['INVALID_ARGUMENT']);
    expectNoLeak(got, [MARKER]);
  }
  await rm(folder, { recursive: true });
});

describe.each(rows)('a secret in a $scheme: URL is in no store and no error', async (row) => {
  const { scheme, user, path, query, kind, tls } = row;
  const url = (host: string, secret = PASSWORD, by = scheme): string =>
    `${by}://${user}${encodeURIComponent(secret)}@${host}${path}${query === undefined ? '' : `?${query}`}`;

  it('when the URL is malformed', async () => {
    const leaks = await Promise.all(
      [openStore, row.openUrl].flatMap((open) =>
        malformed(row).map(async (wrong) => {
          const got: unknown[] = [];
          const note = (value: unknown): void => void got.push(value);
          const store = await Promise.resolve(wrong).then(open).catch(note);
          if (store) {
            note(store);
            await store.holder({ namespace: 'a', name: 'b' }, AbortSignal.timeout(1000)).catch(note);
            await store.close().catch(note);
          }
          return got.map((value) => leakIn(value, MARKER)).map((leak) => leak && `${wrong}: ${leak}`);
        }),
      ),
    );
    expect(leaks.flat().filter((leak) => leak !== undefined)).toEqual([]);
  });

  it('when the host refuses', async () => {
    const [port] = await freePorts(1);
    const got = await use(url(`127.0.0.1:${port}`));
    expect(errorsIn(got).length).toBeGreaterThan(3);
    expectNoLeak(got, [MARKER]);
  });

  it('nor in the output of a process that stands for election at a host that refuses', async () => {
    const [port] = await freePorts(1);
    const { status, output } = await stand(url(`127.0.0.1:${port}`));
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('closed') });
    expect(output).toContain(`127.0.0.1:${port}`);
    expectNoLeak([output], [MARKER]);
  });

  const source = await serverOrSkip(kind, { own: true });

  it.skipIf(!source)('when the login is wrong, and when it is right and the server dies', async () => {
    const { cluster, password } = await row.start(PASSWORD);
    const [host = ''] = cluster.urls.map(hostOf);
    const wrong = await use(url(host, `${MARKER}-wrong`));
    expect(errorsIn(wrong).map((error) => (error as { code?: string }).code)).toContain('ACCESS_DENIED');
    const right = await use(url(host, password), () => cluster.members[0]!.kill());
    // Nothing is wrong before the server is killed.
    expect(errorsIn(right.slice(0, 6))).toEqual([]);
    await cluster.stop();
    expectNoLeak(wrong, [MARKER]);
    expectNoLeak(right, [MARKER, password]);
  });

  if (!tls) return;
  it.skipIf(!source)('when the certificate is wrong', async () => {
    const certificates = await makeCertificates();
    const server = await tls.start(certificates);
    const [host = ''] = server.urls.map(hostOf);
    const base = url(host, PASSWORD, tls.scheme);
    const got = await use(`${base}${query === undefined ? '?' : '&'}${tls.query(certificates.stranger)}`);
    await server.stop();
    const key = await readFile(certificates.stranger.key, 'utf8');
    await certificates.remove();
    expect(errorsIn(got).map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/certificate|self.signed/iu),
    );
    expectNoLeak(got, [MARKER, key.split('\n')[1]!]);
  });
});
