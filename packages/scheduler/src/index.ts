/**
 * Cron on exactly one replica.
 * @module
 */
export { schedule } from './schedule.ts';
export type { Schedule } from './schedule.ts';
export type { Job } from './job.ts';
export type { ScheduleOptions } from './options.ts';
export type { Run } from './run.ts';
