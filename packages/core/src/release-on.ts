/**
 * Release on signals, the way programs expect that know nothing of us: when nobody else listens to the signal it is
 * raised again afterwards, so that the process ends with the status it would have had. Returns the removal.
 */
export function releaseOn(signals: readonly NodeJS.Signals[], release: () => Promise<void>): () => void {
  const remove = (): void => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    const alone = process.listenerCount(signal) === 1;
    // A second signal must be able to end a process whose release hangs.
    remove();
    void release().finally(() => {
      if (alone) process.kill(process.pid, signal);
    });
  };
  for (const signal of signals) process.on(signal, onSignal);
  return remove;
}
