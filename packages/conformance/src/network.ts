export { startProxy } from './proxy.ts';
export type { Address, CutOptions, Direction, Proxy } from './proxy.ts';
export { unreliable } from './unreliable.ts';
export type { Call, Fault, UnreliableOptions, Verb } from './unreliable.ts';
