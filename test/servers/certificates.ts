import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of PEM files. */
interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** For 127.0.0.1 and localhost; to be given as `tls` to startEtcd and startConsul. */
  readonly server: Identity;
  readonly client: Identity;
  /** A client of another CA, whom the server does not know; its `ca` is the wrong one to trust the server by. */
  readonly stranger: Identity;
  remove(): Promise<void>;
}

/** A CA with a certificate for a server and for a client, and an unrelated second CA; made with openssl. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'tenure-certificates-'));
  const [ours, theirs] = await Promise.all([makeCa(folder, 'ca'), makeCa(folder, 'other-ca')]);
  const [server, client, stranger] = await Promise.all([
    makeIdentity(folder, 'server', ours),
    makeIdentity(folder, 'client', ours),
    makeIdentity(folder, 'stranger', theirs),
  ]);
  return { server, client, stranger, remove: () => rm(folder, { recursive: true, force: true }) };
}

interface Ca {
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

async function makeCa(folder: string, name: string): Promise<Ca> {
  const cert = join(folder, `${name}.pem`);
  const key = join(folder, `${name}.key`);
  const subject = ['-subj', `/CN=Tenure tests ${name}`, '-days', '30'];
  await run('openssl', ['req', '-x509', ...NEW_KEY, '-keyout', key, '-out', cert, ...subject]);
  return { cert, key };
}

/**
 * Good for servers and for clients: etcd's JSON gateway shows the server's certificate to the server itself, and so
 * do the launchers' health checks.
 */
async function makeIdentity(folder: string, name: string, ca: Ca): Promise<Identity> {
  const file = (ending: string) => join(folder, `${name}.${ending}`);
  const [key, csr, extensions, cert] = [file('key'), file('csr'), file('ext'), file('pem')];
  await writeFile(
    extensions,
    'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n',
  );
  await run('openssl', ['req', '-new', ...NEW_KEY, '-keyout', key, '-out', csr, '-subj', `/CN=${name}`]);
  const signer = ['-CA', ca.cert, '-CAkey', ca.key, '-set_serial', String(Date.now())];
  await run('openssl', [
    'x509',
    '-req',
    '-in',
    csr,
    ...signer,
    '-days',
    '30',
    '-extfile',
    extensions,
    '-out',
    cert,
  ]);
  return { ca: ca.cert, cert, key };
}
