import type { Arena } from '../failover/arena.ts';
import { Command } from '../failover/command.ts';
import { counters } from '../failover/cost.ts';

/** The sessions that live at the server. */
export async function sessionsOf(arena: Arena): Promise<number> {
  const { kind } = arena.venue;
  if (kind !== 'redis') return counters[kind].sessions(arena);
  const listed = await Command.output(arena.cluster, '--scan', '--pattern', '*:session:*');
  // Below a session's own key it is written which of its claims were given up unanswered, for an hour.
  return listed.split('\n').filter((key) => /:session:[^:]+$/u.test(key.trim())).length;
}
