import type { ChildProcess, SpawnOptions } from 'node:child_process';

export type Kind = 'etcd' | 'consul';

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
  readonly port: number;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** A suspended member is alive. */
  readonly alive: boolean;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  suspend(): void;
  /** SIGCONT. */
  resume(): void;
  /**
   * Starts it again on the same ports with the same data, after a kill if it still runs. Resolves when it serves
   * again or, if too few members run to have a leader, when it listens.
   */
  restart(): Promise<void>;
}

export interface Cluster {
  readonly kind: Kind;
  readonly urls: string[];
  readonly members: Member[];
  /** The raft leader: waits until a majority of the members names the same running one. */
  leader(): Promise<Member>;
  /** Runs etcdctl or consul on this cluster: address, CA and credentials are in its environment. */
  cli(args: string[], options?: SpawnOptions): ChildProcess;
  /** Kills all members and removes their data. */
  stop(): Promise<void>;
}
