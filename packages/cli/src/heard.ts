import type { Store } from '@tenure/core';

/** The same store. Trouble of its watches, which the core retries and tells candidates only, is told to us, too. */
export function heard(store: Store, trouble: (error: unknown) => void): Store {
  async function* watch(...[key, signal]: Parameters<Store['watch']>): ReturnType<Store['watch']> {
    try {
      yield* store.watch(key, signal);
    } catch (error) {
      if (!signal.aborted) trouble(error);
      throw error;
    }
  }
  return new Proxy(store, {
    get(target, name) {
      if (name === 'watch') return watch;
      const value: unknown = Reflect.get(target, name, target);
      // A method of a class reaches its private fields through the class's own object only.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
