export { simulate } from './simulate.ts';
export type { Story } from './simulate.ts';
export type { Setting } from './setting.ts';
