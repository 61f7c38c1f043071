/**
 * Tenure for NestJS: leader-only work and cron on exactly one replica, by decorators.
 * @module
 */
export { TenureModule } from './module.ts';
export type { TenureModuleAsyncOptions, TenureModuleOptions } from './options.ts';
export { InjectTenure, TENURE } from './tokens.ts';
export { LeaderOnly } from './leader-only.ts';
export type { LeaderOnlyOptions } from './leader-only.ts';
export { SingletonCron } from './singleton-cron.ts';
export type { SingletonCronOptions } from './singleton-cron.ts';
export { TenureElections } from './elections.ts';
export { TenureHealth } from './health.ts';
export type { Health } from './health.ts';
