import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import Consul from 'consul';
import { consulLoop } from '../../side-by-side/libraries/consul.ts';
import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Contestant, Field, Spot } from '../contestant.ts';
import { peer } from './peer.ts';

/** As many as the store uses. */
const SOCKETS = 32;
const TTL = `${PATIENT_TTL_MS / 1000}s`;

interface Answer {
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

type Ask = (method: string, path: string, body?: string) => Promise<Answer>;

/** @throws where the URL asks for TLS, which the floors here do not speak */
function connect({ url }: Spot): { readonly ask: Ask; readonly agent: Agent } {
  const { hostname, port, password, search } = new URL(url.replace(/^consul:/u, 'http:'));
  if (/tls|ca=/u.test(search)) throw new Error('the floor of Consul speaks no TLS: name a server without');
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  const token = password === '' ? {} : { 'x-consul-token': decodeURIComponent(password) };
  const at = { agent, host: hostname, port: port === '' ? 8500 : Number(port) };
  const ask: Ask = (method, path, body = '') =>
    new Promise((resolve, reject) => {
      const headers = { ...token, 'content-length': Buffer.byteLength(body) };
      const asked = request({ ...at, method, path: `/v1/${path}`, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => (text += part));
        answer.on('error', reject);
        answer.on('end', () => {
          const { statusCode = 0 } = answer;
          if (statusCode < 300 || statusCode === 404) resolve({ body: text, headers: answer.headers });
          else reject(new Error(`${method} ${path}: ${statusCode} ${text}`));
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  return { ask, agent };
}

/** One session that is kept; `?acquire`, and `?release`. Who has to wait asks to be told of the next change. */
const floor: Contestant = {
  name: 'floor: acquire, release on one session',
  role: 'floor',
  async open(spot) {
    const { ask, agent } = connect(spot);
    const made = await ask('PUT', 'session/create', JSON.stringify({ TTL, LockDelay: '0s' }));
    const { ID } = JSON.parse(made.body) as { ID: string };
    const renewing = setInterval(
      () => void ask('PUT', `session/renew/${ID}`).catch(() => {}),
      PATIENT_TTL_MS / 3,
    );
    return {
      acquire: async (name) => {
        const path = `kv/${spot.namespace}.floor/${name}`;
        let index = '';
        while (!(await ask('PUT', `${path}?acquire=${ID}`, ID)).body.startsWith('true')) {
          const since = index === '' ? '' : `?index=${index}&wait=60s`;
          const { body, headers } = await ask('GET', path + since);
          const [pair] = body === '' ? [] : (JSON.parse(body) as { Session?: string }[]);
          index = pair?.Session === undefined ? '' : String(headers['x-consul-index']);
        }
        return { release: () => ask('PUT', `${path}?release=${ID}`) };
      },
      close: async () => {
        clearInterval(renewing);
        await ask('PUT', `session/destroy/${ID}`);
        agent.destroy();
      },
    };
  },
  async tidy(spot) {
    const { ask, agent } = connect(spot);
    await ask('DELETE', `kv/${spot.namespace}.floor/?recurse`);
    agent.destroy();
  },
};

/** The shortest loop that people write with the client: a session each time, and nothing that renews it. */
const loop: Contestant = {
  name: 'session and acquire',
  role: 'peer',
  async open({ url, namespace }) {
    const { hostname, port } = new URL(url);
    const consul = new Consul({ host: hostname, port: Number(port) });
    return {
      acquire: async (name) => {
        const key = `${namespace}.loop/${name}`;
        const { ID } = await consul.session.create({ ttl: TTL, lockdelay: '0s', behavior: 'delete' });
        if (!(await consul.kv.set({ key, value: ID, acquire: ID })))
          throw new Error(`"${name}" should have been free`);
        return {
          release: async () => {
            await consul.kv.set({ key, value: ID, release: ID });
            await consul.session.destroy(ID);
          },
        };
      },
      close: async () => consul.destroy(),
    };
  },
  async tidy(spot) {
    const { ask, agent } = connect(spot);
    await ask('DELETE', `kv/${spot.namespace}.loop/?recurse`);
    agent.destroy();
  },
};

const guide = peer('loop of the guide', consulLoop);

export const consulField: Field = {
  uncontended: [floor, loop, guide],
  contended: [floor, guide],
  handover: [floor, guide],
};
