const UNITS_MS = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as Go prints it: `15s`, `1m30s`, `2500ms`. */
export function durationMs(text: string): number | undefined {
  const parts = [...text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/gu)];
  if (parts.length === 0) return undefined;
  return parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS],
    0,
  );
}
