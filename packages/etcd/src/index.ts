export { etcd } from './store.ts';
export type { EtcdOptions } from './options.ts';
export { openUrl } from './url.ts';
