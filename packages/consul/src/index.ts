export { consul } from './store.ts';
export type { ConsulOptions, ConsulTls } from './options.ts';
export { defaults } from './options.ts';
export { openUrl } from './url.ts';
