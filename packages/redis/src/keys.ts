import { InvalidArgumentError } from '@tenure/core/store';
import type { Key } from '@tenure/core/store';

/**
 * Where things lie: `<prefix>{<namespace>}:lock:<name>` and so on. The braces are a hash tag: all of a namespace is in
 * one slot of a Cluster, as scripts need it. What could end the tag early is written as in URLs.
 */
export class Layout {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  session(namespace: string, id: string): string {
    return `${this.#of(namespace)}:session:${id}`;
  }

  lock(key: Key): string {
    checkText(key);
    return `${this.locks(key.namespace)}${key.name}`;
  }

  /** What the keys of all locks of a namespace begin with. */
  locks(namespace: string): string {
    return `${this.#of(namespace)}:lock:`;
  }

  /** The names of locks that are held, or were when their holder died. */
  held(namespace: string): string {
    return `${this.#of(namespace)}:held`;
  }

  channel(namespace: string): string {
    return `${this.#of(namespace)}:news`;
  }

  #of(namespace: string): string {
    return `${this.#prefix}{${namespace.replaceAll(/[%{}]/gu, (sign) => encodeURIComponent(sign))}}`;
  }
}

/** Half of a surrogate pair is sent as U+FFFD, whichever it is: two such keys would be one. */
function checkText({ namespace, name }: Key): void {
  for (const text of [namespace, name]) {
    if (/\p{Surrogate}/u.test(text)) {
      throw new InvalidArgumentError(`a key must be well-formed Unicode, got ${JSON.stringify(text)}`);
    }
  }
}
