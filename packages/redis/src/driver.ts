/** One connection to a server, or the connections to a Cluster that a client holds for one purpose. Never reconnects. */
export interface Connection {
  /** Resolves when commands can be sent; rejects when there will be no connection. */
  readonly ready: Promise<void>;
  /** `key`: any key of the command, by which a Cluster finds the server. Rejects with what the client says. */
  send(command: readonly string[], key: string): Promise<unknown>;
  /** Resolves when messages of that channel are heard from now on. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  /** At once, and without an answer for those who wait. */
  close(): void;
}

export interface Ears {
  /** The connection is no more; also one that never was. */
  lost(): void;
  message(channel: string, text: string): void;
}

/** A client library. Every connection is ours alone: a user's own client is duplicated and never used itself. */
export interface Driver {
  /** For messages, without secrets: `redis at 127.0.0.1:6379`. */
  readonly where: string;
  readonly isCluster: boolean;
  connect(ears: Ears): Connection;
}
