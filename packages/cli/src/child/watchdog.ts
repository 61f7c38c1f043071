/**
 * The process between `tenure` and the command it runs. It stays when `tenure` is killed or stopped, knows until when
 * the command may run, and ends it and its whole process group then: at the deadline, by its own clock, or as soon as
 * the channel to `tenure` closes. It is started before leadership is won, so that winning does not wait for it.
 */
import { isPast, systemClock } from '@tenure/core/store';
import type { Order, Report } from './protocol.ts';
import { fromMachine } from './shared-clock.ts';
import { Ward } from './ward.ts';

/** How long a command whose `tenure` is gone may take to end, if its deadline is not sooner. */
const graceMs = Number(process.argv[2]);

let ward: Ward | undefined;

const report = (event: Report): void => {
  if (event.type !== 'started') ward = undefined;
  // A `tenure` that is gone needs no report.
  if (process.connected) process.send?.(event, undefined, undefined, () => {});
  else if (event.type !== 'started') process.exit();
};

function start({ command, env, deadline }: Order & { readonly type: 'start' }): void {
  // `tenure` may have been stopped between winning and saying so.
  if (isPast(fromMachine(deadline.termAt), systemClock.now())) {
    report({ type: 'ended', code: null, signal: 'SIGTERM', stopped: true });
    return;
  }
  try {
    ward = new Ward(command, env, { deadline, graceMs }, report);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    report({ type: 'failed', code, message });
  }
}

const perform = (order: Order): void => {
  switch (order.type) {
    case 'start':
      start(order);
      break;
    case 'deadline':
      ward?.extend(order.deadline);
      break;
    case 'signal':
      ward?.signal(order.signal);
      break;
    case 'stop':
      ward?.stop(order.graceMs);
      break;
    case 'kill':
      ward?.kill();
  }
};

process.on('message', perform);
process.once('disconnect', () => {
  if (ward) ward.stop(graceMs);
  else process.exit();
});
// Whoever ends everything at once, as a service manager does, must not end the watchdog before the command.
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(name, () => {});
