import { SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { InvalidArgumentError } from '@tenure/core';

/** What decorators leave on methods, under a key of their own. */
export class Mark<T> {
  readonly #key: symbol;
  readonly #decorator: string;

  constructor(decorator: string) {
    this.#decorator = decorator;
    this.#key = Symbol(decorator);
  }

  /** @throws InvalidArgumentError on what is no method of a class's instances */
  put(target: object, name: string | symbol, descriptor: PropertyDescriptor | undefined, value: T): void {
    const shown = `@${this.#decorator} on ${String(name)}`;
    if (typeof target === 'function' || typeof name === 'symbol')
      throw new InvalidArgumentError(`${shown}: decorate a method that has a name and is not static`);
    if (typeof descriptor?.value !== 'function')
      throw new InvalidArgumentError(`${shown}: decorate a method, not a property or an accessor`);
    SetMetadata(this.#key, [...this.of(descriptor.value), value])(target, name, descriptor);
  }

  of(method: unknown): readonly T[] {
    return new Reflector().get<readonly T[] | undefined>(this.#key, method as () => void) ?? [];
  }
}
