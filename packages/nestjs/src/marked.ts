import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { InvalidArgumentError } from '@tenure/core';
import type { Mark } from './mark.ts';

/** A method that is decorated, of the one instance that has it. */
export interface MarkedMethod<T> {
  /** Class and method. */
  readonly name: string;
  readonly mark: T;
  readonly call: (argument: never) => unknown;
}

type Provider = ReturnType<DiscoveryService['getProviders']>[number];
type Instance = Readonly<Record<string, (argument: never) => unknown>>;

/** Finds decorated methods in the whole application. */
export class Marked {
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;

  constructor(discovery: DiscoveryService, scanner: MetadataScanner) {
    this.#discovery = discovery;
    this.#scanner = scanner;
  }

  /** @throws InvalidArgumentError when the application has more than one of these */
  refuseSecond(): void {
    const ours = this.#discovery.getProviders().filter(({ token }) => token === Marked);
    if (ours.length > 1) {
      throw new InvalidArgumentError(
        `TenureModule is imported ${ours.length} times, with options of its own each time: what is decorated would run ${ours.length} times. Import it once, in the root module`,
      );
    }
  }

  /** @throws InvalidArgumentError for a provider that is not a singleton */
  find<T>(mark: Mark<T>): readonly MarkedMethod<T>[] {
    const found: MarkedMethod<T>[] = [];
    // A provider may be known by several tokens.
    const seen = new Set<unknown>();
    for (const provider of [...this.#discovery.getProviders(), ...this.#discovery.getControllers()]) {
      const isSingleton = provider.isDependencyTreeStatic() && !provider.isTransient;
      const prototype = prototypeOf(provider, isSingleton);
      if (!prototype || (isSingleton && seen.has(provider.instance))) continue;
      seen.add(provider.instance);
      for (const method of this.#scanner.getAllMethodNames(prototype)) {
        for (const each of mark.of((prototype as Instance)[method])) {
          const instance = provider.instance as Instance;
          const name = `${prototype.constructor.name}.${method}`;
          if (!isSingleton) throw notSingleton(name, provider);
          found.push({ name, mark: each, call: (argument) => instance[method]?.(argument) });
        }
      }
    }
    return found;
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Of what is no singleton there is no instance to look at. */
function prototypeOf({ instance, metatype }: Provider, isSingleton: boolean): object | null {
  if (isSingleton) return isObject(instance) ? (Object.getPrototypeOf(instance) as object | null) : null;
  const prototype: unknown = metatype?.prototype;
  return isObject(prototype) ? prototype : null;
}

const notSingleton = (name: string, { isTransient }: Provider): InvalidArgumentError =>
  new InvalidArgumentError(
    `${name} belongs to a ${isTransient ? 'transient' : 'request-scoped'} provider, of which there is no one instance to run on: move it to a provider of the default scope, which depends on none of another scope`,
  );
