/**
 * A run coordinator for node-cron: tasks that run on exactly one replica.
 * @module
 */
export { runCoordinator } from './coordinator.ts';
export type { RunCoordinator } from './coordinator.ts';
export { defaults } from './options.ts';
export type { RunCoordinatorOptions } from './options.ts';
