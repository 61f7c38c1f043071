export { etcd } from './store.ts';
export type { EtcdOptions } from './options.ts';
