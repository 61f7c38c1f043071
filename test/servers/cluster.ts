import type { ChildProcess, SpawnOptions } from 'node:child_process';

/** Servers that agree on a leader among themselves. */
export type RaftKind = 'etcd' | 'consul';

/** What `redis` and `mariadb` are stands in these places too, where the packages can be had. */
export type OptionalKind = 'valkey' | 'redis8' | 'mysql';

export type Kind = RaftKind | 'redis' | 'postgres' | 'pgbouncer' | 'mariadb' | OptionalKind;

/** What a server shows and what it trusts, as PEM files. */
export interface TlsFiles {
  /** The CA that signed the server's certificate, and that client certificates must come from. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The server refuses clients without a certificate of that CA. */
  readonly clientCertAuth?: boolean;
}

/** One server of a cluster. Those named by an address in the environment are not ours: what ends them throws. */
export interface Member {
  readonly name: string;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** A suspended member is alive. */
  readonly alive: boolean;
  /** SIGKILL; resolves when the process, and every process it has started, is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  suspend(): void;
  /** SIGCONT. */
  resume(): void;
  /**
   * Starts it again on the same ports with the same data, after a kill if it still runs. Resolves when it serves
   * again or, if too few members run for that, when it listens.
   */
  restart(): Promise<void>;
  /** Resolves when it serves or, as above, when it listens. */
  ready(): Promise<void>;
}

/** Servers that were started together; often only one. */
export interface Cluster {
  readonly kind: Kind;
  readonly urls: string[];
  readonly members: Member[];
  /** Runs the servers' own client on the first member; address, CA and credentials are seen to. */
  cli(args: string[], options?: SpawnOptions): ChildProcess;
  /** Kills all members and removes their data. */
  stop(): Promise<void>;
}

export interface RaftCluster extends Cluster {
  readonly kind: RaftKind;
  /** The raft leader: waits until a majority of the members names the same running one. */
  leader(): Promise<Member>;
}
