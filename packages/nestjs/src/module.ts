import { Module } from '@nestjs/common';
import type { DynamicModule, FactoryProvider } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { createTenure } from '@tenure/core';
import type { Tenure } from '@tenure/core';
import { Duties } from './duties.ts';
import { TenureElections } from './elections.ts';
import { TenureHealth } from './health.ts';
import { Marked } from './marked.ts';
import { checkAsyncOptions, checkOptions, settingsOf } from './options.ts';
import type { Settings, TenureModuleAsyncOptions, TenureModuleOptions } from './options.ts';
import { SETTINGS, TENURE } from './tokens.ts';

/** Provides the `Tenure`, starts what is decorated when the application has started, and closes it all with the application. */
// oxlint-disable-next-line typescript/no-extraneous-class -- a module of Nest is a class
export class TenureModule {
  /** @throws InvalidArgumentError */
  static forRoot(options: TenureModuleOptions): DynamicModule {
    checkOptions(options);
    return moduleOf({ useFactory: () => settingsOf(options) }, [], options.isGlobal);
  }

  /** @throws InvalidArgumentError */
  static forRootAsync(options: TenureModuleAsyncOptions): DynamicModule {
    checkAsyncOptions(options);
    const { useFactory, inject = [], imports = [], isGlobal } = options;
    const settings = async (...args: readonly unknown[]): Promise<Settings> =>
      settingsOf(await useFactory(...(args as never[])));
    return moduleOf({ useFactory: settings, inject }, imports, isGlobal);
  }
}

Module({})(TenureModule);

function moduleOf(
  settings: Pick<FactoryProvider<Settings>, 'useFactory' | 'inject'>,
  imports: NonNullable<DynamicModule['imports']>,
  global = true,
): DynamicModule {
  return {
    module: TenureModule,
    global,
    imports: [DiscoveryModule, ...imports],
    providers: [
      { provide: SETTINGS, ...settings },
      {
        provide: TENURE,
        inject: [SETTINGS],
        useFactory: ({ options }: Settings): Tenure => createTenure(options),
      },
      {
        provide: TenureElections,
        inject: [TENURE],
        useFactory: (tenure: Tenure) => new TenureElections(tenure),
      },
      {
        provide: TenureHealth,
        inject: [TenureElections],
        useFactory: (elections: TenureElections) => new TenureHealth(elections),
      },
      {
        provide: Marked,
        inject: [DiscoveryService, MetadataScanner],
        useFactory: (discovery: DiscoveryService, scanner: MetadataScanner) => new Marked(discovery, scanner),
      },
      {
        provide: Duties,
        inject: [TENURE, TenureElections, Marked, SETTINGS],
        useFactory: (tenure: Tenure, elections: TenureElections, marked: Marked, given: Settings) =>
          new Duties(tenure, elections, marked, given),
      },
    ],
    exports: [TENURE, TenureElections, TenureHealth],
  };
}
