/**
 * Where things lie. Candidates of an election are the keys right under `namespace/name/`, in the order of their
 * create revisions, as Go's `concurrency.Election` and `etcdctl elect` have it:
 *
 *   namespace/name/<lease hex>.<claim id>        a candidate; the oldest leads
 *   namespace/.checkpoint/name                   what the last term that saved something left; no lease
 *   namespace/.asked/<lease hex>/<claim id>      that claim is asked to let go; lives as long as its lease
 *
 * No election may lie inside another, nor meet the two folders, so whatever would do that in a name is escaped.
 */
import type { Key } from '@tenure/core/store';

/** Slashes separate, a dot in front marks our folders, and a lone surrogate has no bytes of its own in UTF-8. */
const escapeSegment = (text: string): string =>
  text.replace(
    /[%/]|^\.|[\uD800-\uDFFF]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );

const unescapeSegment = (text: string): string =>
  text.replace(/%(D[89A-F][\dA-F]{2}|[\dA-F]{2})/gu, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );

/** All keys that start with `prefix`: from it up to, not including, the second of the pair. */
export interface Range {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

export function startingWith(prefix: string): Range {
  const key = Buffer.from(prefix);
  const end = Buffer.from(key);
  // UTF-8 has no byte 0xff, so the last byte can always go up by one.
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return { key, range_end: end };
}

const folderOf = (namespace: string): string => `${escapeSegment(namespace)}/`;

const electionOf = ({ namespace, name }: Key): string => `${folderOf(namespace)}${escapeSegment(name)}/`;

export const candidatesOf = (key: Key): Range => startingWith(electionOf(key));

/** Every election of the namespace whose name starts with `key.name`, the two folders included. */
export const electionsOf = ({ namespace, name }: Key): Range =>
  startingWith(folderOf(namespace) + escapeSegment(name));

export const claimPath = (key: Key, leaseHex: string, claimId: string): Buffer =>
  Buffer.from(`${electionOf(key)}${leaseHex}.${escapeSegment(claimId)}`);

export const checkpointPath = ({ namespace, name }: Key): Buffer =>
  Buffer.from(`${folderOf(namespace)}.checkpoint/${escapeSegment(name)}`);

const askedFolder = (namespace: string, leaseHex: string): string =>
  `${folderOf(namespace)}.asked/${leaseHex}/`;

/** What a mark says: the holder is asked to let go, or its key was taken. */
export const ASKED: Buffer = Buffer.alloc(0);
export const FORCED: Buffer = Buffer.from('forced');

export const askedPath = (namespace: string, leaseHex: string, claimId: string): Buffer =>
  Buffer.from(askedFolder(namespace, leaseHex) + escapeSegment(claimId));

export const askedOf = (namespace: string, leaseHex: string): Range =>
  startingWith(askedFolder(namespace, leaseHex));

/** The name of the election that the candidate's key stands in; undefined for anything else in the namespace. */
export function electionNameOf(namespace: string, path: Buffer): string | undefined {
  const [name, candidate, ...more] = path.toString().slice(folderOf(namespace).length).split('/');
  if (name === undefined || name.startsWith('.') || candidate === undefined || more.length > 0)
    return undefined;
  return unescapeSegment(name);
}

/** Which claim of which lease a candidate's key belongs to; undefined for candidates of other programs. */
export function claimAt(path: Buffer): { readonly leaseHex: string; readonly claimId: string } | undefined {
  const text = path.toString();
  const match = /^([\da-f]+)\.(.+)$/u.exec(text.slice(text.lastIndexOf('/') + 1));
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { leaseHex: match[1], claimId: unescapeSegment(match[2]) };
}
