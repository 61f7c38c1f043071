const MOVED = 'moved to Tenure';

/** True once dlock's key is taken for good. False while a dlock has it, or Consul's lock-delay keeps it from everybody. */
export async function closeDoor(agent: string, key: string): Promise<boolean> {
  const ask = async <T>(path: string, init?: RequestInit): Promise<T | undefined> => {
    const response = await fetch(`${agent}/v1/${path}`, init); // with ACLs: headers: { 'X-Consul-Token': … }
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`Consul said ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const put = <T>(path: string, body?: string): Promise<T | undefined> =>
    ask(path, { method: 'PUT', body: body ?? null });

  const [found] = (await ask<{ Session?: string; Value: string | null }[]>(`kv/${key}?consistent`)) ?? [];
  if (found?.Session) return Buffer.from(found.Value ?? '', 'base64').toString() === MOVED;
  // No TTL and no checks: it ends only when somebody destroys it.
  const session = await put<{ ID: string }>(
    'session/create',
    JSON.stringify({ Name: MOVED, Checks: [], NodeChecks: [], LockDelay: '0s' }),
  );
  const taken = await put<boolean>(`kv/${key}?acquire=${session!.ID}&flags=3304740253564472344`, MOVED);
  if (!taken) await put(`session/destroy/${session!.ID}`);
  return taken ?? false;
}
