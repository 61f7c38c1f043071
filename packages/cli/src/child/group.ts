import { later, systemClock } from '@tenure/core/store';

/** To every process of the group. False when there is none left. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    // EPERM: they are there, and another user's (a program with the setuid bit).
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const LOOK_MS = 10;

/** Resolves when the group is gone, or `isDue` says that it was waited for long enough. Nobody tells us: we look. */
export function groupGone(leader: number, isDue: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!signalGroup(leader, 0)) resolve(true);
      else if (isDue()) resolve(false);
      else systemClock.alarm(later(systemClock.now(), LOOK_MS), look);
    };
    look();
  });
}
