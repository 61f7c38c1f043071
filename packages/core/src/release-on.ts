type Release = () => Promise<void>;

/** One listener a signal for all tenures: each alone would think that somebody else handles the signal. */
const registered = new Map<NodeJS.Signals, Set<Release>>();

/**
 * Release on signals, the way programs expect that know nothing of us: when nobody else listens to the signal it is
 * raised again afterwards, so that the process ends with the status it would have had. Returns the removal.
 */
export function releaseOn(signals: readonly NodeJS.Signals[], release: Release): () => void {
  for (const signal of signals) {
    const releases = registered.get(signal) ?? new Set();
    if (releases.size === 0) process.on(signal, onSignal);
    registered.set(signal, releases.add(release));
  }
  return () => {
    for (const signal of signals) forget(signal, release);
  };
}

function forget(signal: NodeJS.Signals, release: Release): void {
  const releases = registered.get(signal);
  if (releases?.delete(release) && releases.size === 0) process.removeListener(signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  const alone = process.listenerCount(signal) === 1;
  const releases = [...(registered.get(signal) ?? [])];
  // A second signal must be able to end a process whose release hangs.
  for (const release of releases) forget(signal, release);
  void Promise.allSettled(releases.map((release) => release())).then(() => {
    if (alone) process.kill(process.pid, signal);
  });
}
