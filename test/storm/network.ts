import { startProxy } from '@tenure/conformance/network';
import type { Address, Proxy } from '@tenure/conformance/network';
import type { Venue } from '../servers/venue.ts';

/** How one process reaches the servers, each through a proxy of its own, and the resources. */
export class Network {
  readonly store: readonly Proxy[];
  readonly resources: Proxy;

  private constructor(store: readonly Proxy[], resources: Proxy) {
    this.store = store;
    this.resources = resources;
  }

  static async open({ cluster }: Venue, resources: Address): Promise<Network> {
    const members = cluster?.members ?? [];
    const store = await Promise.all(members.map(({ host, port }) => startProxy({ host, port })));
    return new Network(store, await startProxy(resources));
  }

  async pass(): Promise<void> {
    await Promise.all([...this.store, this.resources].map((proxy) => proxy.pass()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.store, this.resources].map((proxy) => proxy.close()));
  }
}
