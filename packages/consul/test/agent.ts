import { until } from '../../../test/servers/until.ts';
import type { Member } from '../../../test/servers/cluster.ts';
import type { ConsulCluster } from '../../../test/servers/consul.ts';

/** Consul's HTTP API by hand: what an operator or another program does, and what really lies in the store. */
export class Agent {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async get<T>(path: string): Promise<T | undefined> {
    const response = await fetch(`${this.#url}/v1${path}`);
    return response.ok ? ((await response.json()) as T) : undefined;
  }

  async put(path: string, body: unknown = ''): Promise<unknown> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${this.#url}/v1${path}`, { method: 'PUT', body: text });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${answer}`);
    return answer === '' ? undefined : JSON.parse(answer);
  }

  async delete(path: string): Promise<void> {
    // One that allows few connections resets this one until it has seen the others go.
    await until(`${path} is deleted`, () => fetch(`${this.#url}/v1${path}`, { method: 'DELETE' }));
  }

  async keys(prefix: string): Promise<string[]> {
    return (await this.get<string[]>(`/kv/${prefix}?keys&consistent`)) ?? [];
  }

  async pair(path: string): Promise<RawPair | undefined> {
    return (await this.get<RawPair[]>(`/kv/${encodeURIComponent(path)}?consistent`))?.[0];
  }

  async sessions(): Promise<RawSession[]> {
    return (await this.get<RawSession[]>('/session/list?consistent')) ?? [];
  }

  async createSession(fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const session = { TTL: '60s', LockDelay: '0s', Checks: [], NodeChecks: [], ...fields };
    return ((await this.put('/session/create', session)) as { ID: string }).ID;
  }
}

export interface RawPair {
  readonly Key: string;
  readonly Value: string | null;
  readonly Session?: string;
  readonly LockIndex: number;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

export interface RawSession {
  readonly ID: string;
  readonly Name: string;
  readonly TTL: string;
  readonly LockDelay: number;
  readonly Behavior: string;
  readonly Checks?: readonly string[] | null;
  readonly NodeChecks?: readonly string[] | null;
}

export function memberOf({ members }: ConsulCluster, position = 0): Member {
  const member = members.at(position);
  if (member === undefined) throw new Error(`the cluster has no member ${position}`);
  return member;
}
