import { InvalidArgumentError } from '@tenure/core/store';
import type { Key } from '@tenure/core/store';

/**
 * Where things lie: `<prefix>{<namespace>}:lock:<name>` and so on. The braces are a hash tag: all of a namespace is in
 * one slot of a Cluster, as scripts need it. What could end the tag early is written as in URLs.
 */
export class Layout {
  readonly #prefix: string;
  /** A namespace is asked for with each verb, and there are few of them. */
  readonly #bases = new Map<string, string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Also the channel of what is meant for that session alone. */
  session(namespace: string, id: string): string {
    return `${this.base(namespace)}:session:${id}`;
  }

  lock({ namespace, name }: Key): string {
    checkText(name);
    return `${this.base(namespace)}:lock:${name}`;
  }

  /** The names of locks that are held, or were when their holder died. */
  held(namespace: string): string {
    return `${this.base(namespace)}:held`;
  }

  /** A channel: what every session that waits must know. */
  news(namespace: string): string {
    return `${this.base(namespace)}:news`;
  }

  /** A channel: the names of locks whose holder, or what is shown of it, has changed. */
  changes(namespace: string): string {
    return `${this.base(namespace)}:changes`;
  }

  /** What everything of a namespace begins with. */
  base(namespace: string): string {
    const known = this.#bases.get(namespace);
    if (known !== undefined) return known;
    checkText(namespace);
    const tag = namespace.replaceAll(/[%{}]/gu, (sign) => encodeURIComponent(sign));
    const base = `${this.#prefix}{${tag}}`;
    this.#bases.set(namespace, base);
    return base;
  }
}

/** Half of a surrogate pair is sent as U+FFFD, whichever it is: two such keys would be one. */
function checkText(text: string): void {
  if (/\p{Surrogate}/u.test(text)) {
    throw new InvalidArgumentError(`a key must be well-formed Unicode, got ${JSON.stringify(text)}`);
  }
}
