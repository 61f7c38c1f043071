/** Ask for an end: of the command, or of waiting for it. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;
/** Mean something to the command alone. */
const PASSING = ['SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const;

export interface Hears {
  /** Asked to end. */
  readonly end: (signal: NodeJS.Signals) => void;
  readonly pass: (signal: NodeJS.Signals) => void;
}

/** Listen from now on. Returns what stops listening. */
export function hearSignals({ end, pass }: Hears): () => void {
  const listeners: [NodeJS.Signals, () => void][] = [
    ...ENDING.map((name): [NodeJS.Signals, () => void] => [name, () => end(name)]),
    ...PASSING.map((name): [NodeJS.Signals, () => void] => [name, () => pass(name)]),
  ];
  for (const [name, listener] of listeners) process.on(name, listener);
  return () => {
    for (const [name, listener] of listeners) process.off(name, listener);
  };
}
