import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import Consul from 'consul';
import { ClosedError, StoreUnavailableError } from '@tenure/core/store';
import { failure, wasNotSent } from './failure.ts';
import type { Settings } from './options.ts';
import { send, settingsOfClient, type Answer, type Client, type Request, type Route } from './wire.ts';

/**
 * Requests that must not wait for each other's connections. Blocking queries keep theirs for as long as nothing
 * happens, and a burst of claims fills its own; a renewal behind either would come too late.
 */
export type Lane = 'renewals' | 'queries' | 'verbs';

/** How `maxConnections` is divided. */
export function shares(maxConnections: number): Readonly<Record<Lane, number>> {
  const renewals = 2;
  const queries = Math.max(1, Math.min(16, Math.floor((maxConnections - renewals) / 2)));
  return { renewals, queries, verbs: maxConnections - renewals - queries };
}

interface Endpoint {
  readonly address: string;
  readonly client: Client;
}

/** Asks one agent, and the next one when that can't be reached. Reports, and never repeats what may have been applied. */
export class Connection {
  readonly #endpoints: readonly Endpoint[];
  readonly #agents: Readonly<Record<Lane, HttpAgent | undefined>>;
  readonly #credentials: Pick<Route, 'token' | 'datacenter'>;
  #current = 0;
  #closed: ClosedError | undefined;

  constructor(settings: Settings) {
    const { client, token, datacenter } = settings;
    this.#endpoints =
      client === undefined ? endpointsOf(settings) : [endpointOf(client as unknown as Client)];
    const own = settingsOfClient(this.#endpoints[0]!.client);
    this.#credentials = { token: token ?? own.token, datacenter: datacenter ?? own.datacenter };
    const sockets = shares(settings.maxConnections);
    const agent = (lane: Lane) => agentOf(own, sockets[lane], settings.tls);
    this.#agents = { renewals: agent('renewals'), queries: agent('queries'), verbs: agent('verbs') };
  }

  /** Resolves with 2xx, 404 and 409; everything else rejects with what the core should hear. */
  async ask(lane: Lane, request: Request, signal: AbortSignal): Promise<Answer> {
    this.#demandOpen();
    const first = this.#current;
    for (let asked = 1; ; asked += 1) {
      const position = (first + asked - 1) % this.#endpoints.length;
      const { address, client } = this.#endpoints[position]!;
      try {
        return await send({ client, agent: this.#agents[lane], ...this.#credentials }, request, signal);
      } catch (error) {
        this.#demandOpen();
        const given = signal.aborted ? (signal.reason as unknown) : failure(error, address, request.name);
        // An aborted query was no longer needed; an aborted verb was not answered in time.
        const suspicious = signal.aborted ? lane !== 'queries' : given instanceof StoreUnavailableError;
        if (suspicious && this.#current === position) this.#current = (position + 1) % this.#endpoints.length;
        if (signal.aborted || !wasNotSent(error) || asked === this.#endpoints.length) throw given;
      }
    }
  }

  #demandOpen(): void {
    if (this.#closed) throw this.#closed;
  }

  close(): void {
    this.#closed = new ClosedError('the consul store was closed');
    for (const agent of Object.values(this.#agents)) agent?.destroy();
  }
}

function endpointsOf({ addresses, tls }: Settings): Endpoint[] {
  // The agents are given with each request; the package would make one of its own for every client.
  const agent = tls ? new HttpsAgent() : new HttpAgent();
  return addresses.map((address) => {
    const options = { baseUrl: `${address}/v1`, agent };
    return { address, client: new Consul(options) as unknown as Client };
  });
}

function endpointOf(client: Client): Endpoint {
  const { protocol, hostname, port } = settingsOfClient(client).baseUrl;
  return { address: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`, client };
}

/** Keep-alive, bounded, and otherwise like the agent of the user's client; an agent of another kind (a proxy's) is used as it is. */
function agentOf(
  { agent, baseUrl }: ReturnType<typeof settingsOfClient>,
  maxSockets: number,
  tls: Settings['tls'],
): HttpAgent | undefined {
  const kinds: readonly unknown[] = [HttpAgent, HttpsAgent];
  if (agent !== undefined && !kinds.includes(agent.constructor)) return undefined;
  const options = {
    ...(agent as Partial<HttpsAgent> | undefined)?.options,
    ...tls,
    keepAlive: true,
    maxSockets,
    maxFreeSockets: maxSockets,
  };
  return baseUrl.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
}
