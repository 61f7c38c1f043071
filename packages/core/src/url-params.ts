import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from './errors.ts';
import type { StoreUrl } from './store-url.ts';

/** The parameters of a store's URL. What it throws names a parameter and never shows its value. */
export class UrlParams<Name extends string> {
  readonly #scheme: string;
  readonly #params: URLSearchParams;

  /** @throws InvalidArgumentError for a parameter that is not known, empty, or there twice. */
  constructor({ scheme, params }: StoreUrl, known: readonly Name[]) {
    this.#scheme = scheme;
    this.#params = params;
    const names: readonly string[] = known;
    for (const name of new Set(params.keys())) {
      const values = params.getAll(name);
      if (!names.includes(name)) {
        throw new InvalidArgumentError(
          `a ${scheme}: URL has no parameter "${name}"; ${names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`}`,
        );
      }
      if (values.length > 1) throw this.#refusal(name, 'stands there more than once');
      if (values[0] === '') throw this.#refusal(name, 'is empty; leave it out');
    }
  }

  text(name: Name): string | undefined {
    return this.#params.get(name) ?? undefined;
  }

  /** @throws InvalidArgumentError unless it is `true` or `false`. */
  flag(name: Name): boolean | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (text !== 'true' && text !== 'false') throw this.#refusal(name, 'must be true or false');
    return text === 'true';
  }

  /** @throws InvalidArgumentError unless it is a decimal number, at least 0. */
  number(name: Name): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d+(?:\.\d+)?$/u.test(text)) throw this.#refusal(name, 'must be a number, such as 5000');
    return Number(text);
  }

  /**
   * What is in the file that it names; a relative name is looked up from the working directory.
   * @throws InvalidArgumentError when it cannot be read. Somebody may have put a key where its file's name belongs.
   */
  file(name: Name): Buffer | undefined {
    const path = this.text(name);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      const { code = 'an error' } = error as NodeJS.ErrnoException;
      // Without the cause, which quotes the path in any case.
      const which = name === 'key' || path.includes('-----') ? '' : `, not ${JSON.stringify(path)}`;
      throw this.#refusal(name, `must name a file that can be read${which}: ${code}`);
    }
  }

  #refusal(name: string, why: string): InvalidArgumentError {
    return new InvalidArgumentError(`the parameter "${name}" of the ${this.#scheme}: URL ${why}`);
  }
}
