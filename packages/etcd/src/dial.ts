import { Etcd3 } from 'etcd3';
import type { IOptions } from 'etcd3';
import type { Pool } from './rpc.ts';

const CHANNEL = {
  // So that a dead connection is noticed. etcd refuses pings more frequent than every 5 s.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.max_receive_message_length': -1,
  'grpc.service_config_disable_resolution': 1,
};

/** Neither retries nor a circuit breaker: what to repeat and when is for the core to say. */
const asIs = { execute: async (call: (context: object) => unknown) => call({}) } as unknown as NonNullable<
  NonNullable<IOptions['faultHandling']>['global']
>;

export const poolOf = (client: Etcd3): Pool => (client as unknown as { readonly pool: Pool }).pool;

let dialled = 0;

/** A connection of our own to one endpoint, made when it is first used. */
export function dial(
  address: string,
  credentials: IOptions['credentials'],
): { readonly pool: Pool; readonly close: () => void } {
  dialled += 1;
  // gRPC shares a TCP connection among all clients with the same options, but we dial because we want a new one.
  const grpcOptions: Record<string, unknown> = { ...CHANNEL, 'tenure.dialled': dialled };
  const client = new Etcd3({
    hosts: address,
    ...(credentials && { credentials }),
    grpcOptions,
    faultHandling: { global: asIs, host: () => asIs },
  });
  const pool = poolOf(client);
  return {
    pool: {
      withConnection: async (service, use) => {
        // One channel for all services: otherwise each would notice by itself, later, that the server is back.
        grpcOptions['channelOverride'] ??= await pool.withConnection('KV', ({ client: kv }) =>
          (kv as unknown as { getChannel(): unknown }).getChannel(),
        );
        return pool.withConnection(service, use);
      },
    },
    close: () => client.close(),
  };
}
