import type { Key } from '@tenure/core/store';

/**
 * Where things lie: `keyPrefix namespace/name/.lock`, the layout of `consul lock namespace/name` and of Go's
 * `api.Lock`, and `…/.checkpoint` beside it.
 *
 * Names are written as they are, `/` included, but for what Consul's HTTP API would refuse or rewrite: characters
 * that are not plainly printable and `%` itself become `%XX` (UTF-8), an empty part between slashes is `%`, and a
 * part `.` or `..` is `%2E` or `%2E%2E`. In a namespace a `/` is `%2F`: otherwise namespace `a` with name `b/c`
 * and namespace `a/b` with name `c` would be one lock.
 */
const LOCK = '/.lock';
const CHECKPOINT = '/.checkpoint';

export interface Layout {
  readonly lock: (key: Key) => string;
  readonly checkpoint: (key: Key) => string;
  /** The beginning that is sure to be common to the paths of all names that start with `name`. */
  readonly search: (prefix: Key) => string;
  /** `Key.name` of a lock's path; undefined for what is no lock of that namespace. */
  readonly name: (namespace: string, path: string) => string | undefined;
}

export function layout(keyPrefix: string): Layout {
  const folder = (namespace: string) => `${keyPrefix}${escapeNamespace(namespace)}/`;
  const place = ({ namespace, name }: Key) => folder(namespace) + escapeName(name);
  return {
    lock: (key) => place(key) + LOCK,
    checkpoint: (key) => place(key) + CHECKPOINT,
    search: ({ namespace, name }) => folder(namespace) + (/^[\w-]*/u.exec(name)?.[0] ?? ''),
    name(namespace, path) {
      const start = folder(namespace);
      if (!path.startsWith(start) || !path.endsWith(LOCK)) return undefined;
      const written = path.slice(start.length, -LOCK.length);
      return path.length > start.length + LOCK.length ? unescapeName(written) : undefined;
    },
  };
}

export function escapeName(name: string): string {
  return name.split('/').map(escapePart).join('/');
}

function escapeNamespace(namespace: string): string {
  return namespace.includes('/') ? namespace.split('/').map(escapeText).join('%2F') : escapePart(namespace);
}

function escapePart(part: string): string {
  if (part === '') return '%';
  if (part === '.' || part === '..') return part.replaceAll('.', '%2E');
  return escapeText(part);
}

/** Keeps printable ASCII but `%`, and letters, marks and digits of the basic plane: what any Consul takes for printable. */
function escapeText(text: string): string {
  return text.replaceAll(/[^ -$&-~\p{L}\p{M}\p{N}]|[\u{10000}-\u{10FFFF}]/gu, (character) => {
    if (/^\p{Surrogate}$/u.test(character)) return `%u${character.charCodeAt(0).toString(16).toUpperCase()}`;
    const bytes = [...Buffer.from(character)];
    return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}

/** Forgiving with what other programs wrote: what is no escape of ours stays as it is. */
export function unescapeName(written: string): string {
  return written
    .split('/')
    .map((part) => {
      if (part === '%') return '';
      return part.replaceAll(/%u(D[89A-F][\dA-F]{2})|(?:%[\dA-F]{2})+/gu, (escape, surrogate?: string) =>
        surrogate === undefined
          ? Buffer.from(escape.replaceAll('%', ''), 'hex').toString()
          : String.fromCharCode(Number.parseInt(surrogate, 16)),
      );
    })
    .join('/');
}
