/** A replica of a program: a process with a tenure and any number of elections, which does what it is told. */
import { createTenure, openStore } from '@tenure/core';
import type { Election } from '@tenure/core';
import { encodeRecord } from '@tenure/core/store';
import type { StoreName } from './arguments.ts';
import { PATIENT_TTL_MS } from './contestant.ts';
import type { Hold } from './contestant.ts';
import { fields } from './fields.ts';
import { atOnce, nowMs } from './measure.ts';
import type { Answer, Envelope, Order, ReplicaPlan, Reply } from './scale-protocol.ts';

/** How many claims the floor keeps in flight. */
const FLOOR_LANES = 256;
const WARM_UPS = 50;

const plan = JSON.parse(process.argv[2]!) as ReplicaPlan;
const { storeUrl, namespace, ttlMs } = plan;
const tenure = createTenure({ store: await openStore(storeUrl), namespace, ttlMs });
const elections = new Map<string, Election>();
const wonAt = new Map<string, bigint>();
let renewals = 0;
tenure.session.on('renewed', () => (renewals += 1));

function heapBytes(): number {
  if (!globalThis.gc) throw new Error('it must be started with --expose-gc');
  // What finalizers let go of is collected the second time.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

const stand = (key: string): Election => {
  const election = tenure.election(key);
  elections.set(key, election);
  election.on('acquired', () => wonAt.set(key, process.hrtime.bigint()));
  election.start();
  return election;
};

/** When it has won, past or to come. */
const won = (key: string): Promise<bigint> => {
  const at = wonAt.get(key);
  if (at !== undefined) return Promise.resolve(at);
  return new Promise((resolve) => {
    elections.get(key)!.once('acquired', () => resolve(process.hrtime.bigint()));
  });
};

const followed = (election: Election): Promise<void> =>
  new Promise((resolve) => {
    const subscription = election.standing.subscribe(({ role }) => {
      if (role !== 'follower') return;
      resolve();
      queueMicrotask(() => subscription.unsubscribe());
    });
  });

/** Not what the garbage collector would find anyway: text that is in one piece, as what comes from a wire is. */
function recordsOf(keys: readonly string[]): Map<string, string> {
  const { id } = tenure.candidate;
  const acquiredAt = new Date().toISOString();
  const flat = (text: string): string => Buffer.from(text).toString();
  return new Map(
    keys.map((key, index) => {
      const record = encodeRecord({ id, claimId: `claim-${index.toString(36)}`, acquiredAt });
      return [flat(key), flat(record)];
    }),
  );
}

async function lead(keys: readonly string[]): Promise<Answer> {
  // The session, its connections and the compiled code are no election's.
  const first = Array.from({ length: WARM_UPS }, (_, index) => `first-${process.pid}-${index}`);
  for (const key of first) stand(key);
  await Promise.all(first.map(won));
  await Promise.all(first.map((key) => elections.get(key)!.stop()));
  for (const key of first) elections.delete(key);
  const empty = heapBytes();
  const records = recordsOf(keys);
  const recordsHeap = heapBytes() - empty;
  records.clear();
  const before = heapBytes();
  const since = nowMs();
  for (const key of keys) stand(key);
  await Promise.all(keys.map(won));
  const tookMs = nowMs() - since;
  wonAt.clear();
  return { tookMs, heap: heapBytes() - before, recordsHeap };
}

async function claimByFloor(store: StoreName, count: number): Promise<Answer> {
  const [floor] = fields[store].uncontended;
  const spot = { url: storeUrl, namespace, ttlMs: PATIENT_TTL_MS, openStore: () => openStore(storeUrl) };
  const client = await floor!.open(spot);
  // What another process of this bench holds has other names.
  const name = `held-${process.pid}`;
  await (await client.acquire(name)).release();
  const holds: Hold[] = [];
  let claims = 0;
  const { elapsedMs } = await atOnce(FLOOR_LANES, count, async () => {
    holds.push(await client.acquire(`${name}-${(claims += 1)}`));
  });
  await atOnce(FLOOR_LANES, count, () => holds.pop()!.release());
  await client.close();
  await floor!.tidy?.(spot);
  return { tookMs: elapsedMs };
}

async function obey(told: Order): Promise<Answer> {
  switch (told.order) {
    case 'lead':
      return lead(told.keys);
    case 'follow':
      await Promise.all(told.keys.map((key) => followed(stand(key))));
      return {};
    case 'resign':
      wonAt.delete(told.key);
      await elections.get(told.key)!.resign();
      return {};
    case 'won':
      return { at: await won(told.key) };
    case 'claim by the floor':
      return claimByFloor(told.store as StoreName, told.count);
    case 'measure': {
      const open = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap');
      return { connections: open.length, renewals };
    }
    case 'calm':
      await new Promise((resolve) => {
        tenure.session.once('renewed', resolve);
      });
      return { renewals };
    case 'close':
      await tenure.close();
      process.disconnect();
      return {};
  }
}

process.on('message', ({ number, body }: Envelope<Order>) => {
  const reply = (answer: Omit<Reply, 'number'>): void => void process.send?.({ number, ...answer });
  obey(body).then(
    (answer) => process.connected && reply({ body: answer }),
    (error: unknown) => reply({ body: {}, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => void tenure.close());
