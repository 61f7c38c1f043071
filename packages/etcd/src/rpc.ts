/**
 * The part of etcd's gRPC interface that we use, and the shape of the clients that etcd3 makes for it. etcd3's own
 * methods can be neither cancelled nor given metadata, and answer one failure by closing every client of that
 * host; so we take its clients from its connection pool and call them ourselves.
 */
import type {
  IAlarmRequest,
  IAlarmResponse,
  IAuthenticateRequest,
  IAuthenticateResponse,
  IAuthStatusResponse,
  ILeaseGrantRequest,
  ILeaseGrantResponse,
  ILeaseKeepAliveRequest,
  ILeaseKeepAliveResponse,
  ILeaseRevokeRequest,
  ILeaseRevokeResponse,
  ILeaseTimeToLiveRequest,
  ILeaseTimeToLiveResponse,
  IMemberListRequest,
  IMemberListResponse,
  IRangeRequest,
  IRangeResponse,
  IStatusResponse,
  ITxnRequest,
  ITxnResponse,
  IWatchRequest,
  IWatchResponse,
} from 'etcd3';

export type Service = 'Auth' | 'Cluster' | 'KV' | 'Lease' | 'Maintenance' | 'Watch';

/** `types` is never there: it carries the two types. */
export interface Method<Request, Response> {
  readonly service: Service;
  readonly method: string;
  readonly types?: (request: Request) => Response;
}

export const authenticate: Method<IAuthenticateRequest, IAuthenticateResponse> = {
  service: 'Auth',
  method: 'authenticate',
};
export const authStatus: Method<object, IAuthStatusResponse> = { service: 'Auth', method: 'authStatus' };
export const alarm: Method<IAlarmRequest, IAlarmResponse> = { service: 'Maintenance', method: 'alarm' };
export const status: Method<object, IStatusResponse> = { service: 'Maintenance', method: 'status' };
export const memberList: Method<IMemberListRequest, IMemberListResponse> = {
  service: 'Cluster',
  method: 'memberList',
};
export const range: Method<IRangeRequest, IRangeResponse> = { service: 'KV', method: 'range' };
export const txn: Method<ITxnRequest, ITxnResponse> = { service: 'KV', method: 'txn' };
export const leaseGrant: Method<ILeaseGrantRequest, ILeaseGrantResponse> = {
  service: 'Lease',
  method: 'leaseGrant',
};
export const leaseRevoke: Method<ILeaseRevokeRequest, ILeaseRevokeResponse> = {
  service: 'Lease',
  method: 'leaseRevoke',
};
export const leaseTimeToLive: Method<ILeaseTimeToLiveRequest, ILeaseTimeToLiveResponse> = {
  service: 'Lease',
  method: 'leaseTimeToLive',
};
export const leaseKeepAlive: Method<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse> = {
  service: 'Lease',
  method: 'leaseKeepAlive',
};
export const watch: Method<IWatchRequest, IWatchResponse> = { service: 'Watch', method: 'watch' };

export interface Metadata {
  clone(): Metadata;
  set(name: string, value: string): void;
}

export interface Cancellable {
  cancel(): void;
}

/** A gRPC call with a message stream in both directions. */
interface Duplex extends Cancellable {
  write(request: unknown): unknown;
  on(event: 'data', listener: (response: unknown) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
}

/** A client of one gRPC service: a method per name, unary ones with a callback. */
export type Client = Readonly<
  Record<
    string,
    ((
      request: unknown,
      metadata: Metadata,
      options: object,
      done: (error: Error | null, response: unknown) => void,
    ) => Cancellable) &
      ((metadata: Metadata, options: object) => Duplex)
  >
>;

/** etcd3's connection pool, as far as we need it. */
export interface Pool {
  withConnection<T>(
    service: Service,
    use: (connection: { readonly client: Client; readonly metadata: Metadata }) => T,
  ): Promise<T>;
}
