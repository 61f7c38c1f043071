import {
  InvalidArgumentError,
  UrlParams,
  addressOf,
  inNamespace,
  namespaceOf,
  parseStoreUrl,
  redactUrl,
} from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import type { EtcdOptions } from './options.ts';
import { etcd } from './store.ts';

const PORT = 2379;

/**
 * `etcd://user:password@h1:2379,h2:2379/namespace?tls=true&ca=/ca.pem&cert=/client.pem&key=/client.key`, of which all
 * but the first host may be left out. The three files are read now, and each means `tls=true`.
 * @throws InvalidArgumentError, with no password in it.
 */
export function openUrl(url: string): Store {
  const parsed = parseStoreUrl(url);
  const { scheme, username, password, hosts } = parsed;
  const refuse = (why: string): never => {
    throw new InvalidArgumentError(`the store URL "${redactUrl(url)}" ${why}`);
  };
  if (scheme !== 'etcd') refuse('does not begin with etcd://');
  if (hosts.length === 0) refuse('names no host: etcd://host:2379');
  if ((username === undefined) !== (password === undefined)) {
    refuse('must have both a user name and a password, or neither: etcd://user:password@host');
  }
  const params = new UrlParams(parsed, ['namespace', 'tls', 'ca', 'cert', 'key']);
  const [ca, cert, key] = [params.file('ca'), params.file('cert'), params.file('key')];
  const named = (ca ?? cert ?? key) !== undefined;
  const tls = params.flag('tls') ?? named;
  if (named && !tls) refuse('has certificates, which need tls=true');
  if (named && !ca)
    refuse('needs "ca", the authority that signed the members\' certificates, beside "cert" and "key"');
  if (!cert !== !key) refuse('must have both "cert" and "key", or neither');
  const options: EtcdOptions = {
    hosts: hosts.map((host) => `${tls ? 'https' : 'http'}://${addressOf(host, PORT)}`),
    ...(username !== undefined && password !== undefined && { auth: { username, password } }),
    ...(ca && {
      credentials: { rootCertificate: ca, ...(cert && key && { certChain: cert, privateKey: key }) },
    }),
  };
  return inNamespace(etcd(options), namespaceOf(parsed));
}
