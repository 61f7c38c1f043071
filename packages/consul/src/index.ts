export { consul } from './store.ts';
export type { ConsulOptions, ConsulTls } from './options.ts';
