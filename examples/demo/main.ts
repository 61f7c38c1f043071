/** The demo: three workers, one leader, a crash, a hand-over. Ends by itself; Ctrl-C ends it and all that it started. */
import { parseArgs } from 'node:util';
import { Chronicle } from './chronicle.ts';
import { Play } from './play.ts';
import { paint, Screen } from './screen.ts';
import { findStage } from './stage.ts';
import type { Stage } from './stage.ts';
import { summarize } from './summary.ts';

class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}`);
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { store: { type: 'string' } } });

  const stop = new AbortController();
  const stopped = aborted(stop.signal);
  // Once: a second Ctrl-C ends the demo at once, and what it started ends by itself.
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new Interrupted(name)));
  }

  // Whoever read this has gone (`pnpm demo | head`).
  process.stdout.on('error', (error) => stop.abort(error));

  const screen = new Screen();
  const chronicle = new Chronicle();
  let stage: Stage | undefined;
  let play: Play | undefined;
  try {
    screen.print(paint('bold', 'Tenure: three workers, never more than one leader'));
    stage = await Promise.race([findStage(values.store, (text) => screen.print(`  ${text}`)), stopped]);
    play = new Play(stage, screen, chronicle, stop);
    await Promise.race([play.run(), stopped]);
    return summarize(chronicle, screen) ? 0 : 1;
  } catch (error) {
    screen.unfollow();
    screen.print(`\n${error instanceof Error ? error.message : String(error)}`);
    return error instanceof Interrupted ? error.exitCode : 1;
  } finally {
    stop.abort();
    await play?.leave();
    await stage?.close();
  }
}

const code = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
// A download that was interrupted may still be under way.
process.exit(code);
