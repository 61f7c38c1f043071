/** One library in a process as its users would have it: nothing here catches what the library lets go. */
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { contenderOf } from './contenders.ts';
import { POLL_MS } from './library.ts';
import type { Holding } from './library.ts';
import type { Order, Plan, What } from './protocol.ts';

const READ_EVERY_MS = 10;
const CLOSING_MS = 2000;

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
const now = (): bigint => process.hrtime.bigint();
let holding: Holding | undefined;
let isReleasing = false;
let wasOurs = false;
let lastOursAt = 0n;

function tell(what: What, detail = '', at = now()): void {
  if (process.connected) process.send?.({ what, detail, at, lastOursAt });
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// Only looks on: the process ends as it would have.
process.on('uncaughtExceptionMonitor', (error, origin) => tell('crash', `${origin}: ${text(error)}`));

/** The clock is read first: a process that is stopped between the two must not look as if it had read later. */
function read(): void {
  const at = now();
  const isOurs = holding !== undefined && !isReleasing && holding.stillOurs();
  if (isOurs) lastOursAt = at;
  else if (wasOurs) tell('over');
  wasOurs = isOurs;
}

async function acquire(): Promise<void> {
  tell('waiting');
  const library = await opened;
  while (!holding) {
    try {
      holding = await library.acquire(plan.key);
    } catch (error) {
      tell('trouble', text(error));
      await pause(POLL_MS);
    }
  }
  tell('acquired', String(holding.token ?? ''));
  void holding.lost?.then(() => isReleasing || tell('told'));
  read();
}

async function release(): Promise<void> {
  isReleasing = true;
  read();
  try {
    await holding?.release();
    tell('released');
  } catch (error) {
    tell('trouble', text(error));
  }
}

async function close(): Promise<void> {
  const all = async (): Promise<void> => {
    if (holding && !isReleasing) await release();
    await (await opened).close();
  };
  await Promise.race([all().catch((error: unknown) => tell('trouble', text(error))), pause(CLOSING_MS)]);
  process.exit(0);
}

function block(ms: number, untilFile: string): void {
  const since = now();
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (Number(now() - since) / 1e6 < ms || !existsSync(untilFile)) Atomics.wait(never, 0, 0, 20);
  read();
  tell('awake');
}

function follow(order: Order): void {
  switch (order.order) {
    case 'acquire':
      return void acquire();
    case 'release':
      return void release();
    case 'look':
      read();
      return tell('looked');
    case 'block':
      return block(order.ms, order.untilFile);
    case 'close':
      return void close();
  }
}

const opened = contenderOf(plan.library).open(plan);
process.on('message', follow);
// The onlooker is gone.
process.on('disconnect', () => process.exit(0));
setInterval(read, READ_EVERY_MS);
tell('ready');
