import type { ModuleMetadata, FactoryProvider } from '@nestjs/common';
import { InvalidArgumentError, defaults, openStore } from '@tenure/core';
import type { Store, TenureOptions } from '@tenure/core';
import { refuseUnknown, systemClock } from '@tenure/core/store';
import type { Clock } from '@tenure/core/store';

/** Those of `createTenure`. */
export interface TenureModuleOptions extends Omit<TenureOptions, 'store'> {
  /** Where locks live: a store, a promise of one, or a URL as `openStore` takes it. */
  readonly store: Store | Promise<Store> | string;
  /** Whether all modules may inject what this one provides. @default true */
  readonly isGlobal?: boolean;
}

export interface TenureModuleAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider, 'inject'> {
  readonly useFactory: (
    ...args: never[]
  ) => Omit<TenureModuleOptions, 'isGlobal'> | Promise<Omit<TenureModuleOptions, 'isGlobal'>>;
  /** Whether all modules may inject what this one provides. @default true */
  readonly isGlobal?: boolean;
}

/** What the module needs of its options, with the store open. */
export interface Settings {
  readonly options: TenureOptions;
  readonly clock: Clock;
  readonly graceMs: number;
}

/** @throws InvalidArgumentError */
export function checkOptions(options: TenureModuleOptions): void {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null || !('store' in given) || !given.store) {
    throw new InvalidArgumentError(
      'TenureModule.forRoot needs a store: forRoot({ store: "redis://127.0.0.1" }), or one that was made',
    );
  }
}

/** @throws InvalidArgumentError */
export function checkAsyncOptions(options: TenureModuleAsyncOptions): void {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null || !('useFactory' in given)) {
    throw new InvalidArgumentError(
      'TenureModule.forRootAsync needs a factory: forRootAsync({ inject: [Config], useFactory: (config) => ({ store }) })',
    );
  }
  refuseUnknown('TenureModule.forRootAsync', options, ['imports', 'inject', 'useFactory', 'isGlobal']);
}

/** @throws InvalidArgumentError, also for the URL of a store that makes no sense */
export async function settingsOf(given: TenureModuleOptions): Promise<Settings> {
  checkOptions(given);
  const { isGlobal: _, store, ...options } = given;
  const { clock = systemClock, graceMs = defaults.graceMs } = options;
  const opened = typeof store === 'string' ? await openStore(store) : await store;
  return { options: { ...options, store: opened }, clock, graceMs };
}
